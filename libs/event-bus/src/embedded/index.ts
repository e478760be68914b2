export { EmbeddedEventBus, type EmbeddedEventBusOptions } from './embedded-event-bus.ts';
export type { Backoff, ConsumeFailure } from '../backoff.ts';
