export type * from './entries.ts';
export type * from './port.ts';
export type * from './query.ts';
export { QueryRefused } from './query-refused.ts';
