export * from './decider.ts';
export type * from './event.ts';
export * from './fault.ts';
export * from './ids.ts';
export * from './handle.ts';
