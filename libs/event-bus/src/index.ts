export type { Backoff, ConsumeFailure } from './backoff.ts';
export type * from './port.ts';
export type * from './relay-bus.ts';
