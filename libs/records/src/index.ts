export * from './context.ts';
export * from './record-command.ts';
export * from './record-decider.ts';
