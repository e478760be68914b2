export * from './audit-database.ts';
export * from './audit-index.ts';
export * from './entry-block.ts';
export * from './interned-names.ts';
export * from './sequencer.ts';
