import type { Position } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';

/** What a consumer is handed: events in order (per patient, at least), and how far the log is complete. */
export interface Delivery {
  readonly events: readonly StoredEvent[];
  /** Every event up to here that this consumer listens to has been delivered, this batch included. */
  readonly through: Position;
}

export interface ConsumeOptions {
  /** The consumer's name; its progress is kept under it. */
  readonly group: string;
  /** Only streams whose name starts with one of these. */
  readonly prefixes?: readonly string[];
  /** At most this many events a delivery, from 1; default 500, limit 10,000. */
  readonly batchSize?: number;
  /** Where to start (exclusive) when the group has no progress yet; default 0. */
  readonly from?: Position;
  /**
   * Start here (exclusive) whatever progress the bus has kept, and keep on from there: for a consumer that keeps its
   * progress together with its effects, as a read model does.
   */
  readonly resumeAt?: Position;
}

export interface Consumer {
  /** Resolves when stopped; rejects with what ended it: never a handler's failure, which is retried. */
  readonly ended: Promise<void>;
  /** Stops after the delivery in hand, without waiting for another try of one that failed; progress is kept. */
  stop(): Promise<void>;
}

/**
 * At least once: a delivery is repeated, with a growing pause, until its handler resolves; handlers are idempotent.
 * Deliveries of one group come one after the other; groups do not wait for each other. A delivery without events
 * only moves `through`. Errors: `Fault` with `bus-unavailable` (retryable), `stopping`.
 */
export interface EventBus {
  consume(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer>;
  /** How far a group has come; 0 for one that is not known. */
  progress(group: string): Promise<Position>;
  /** Stops the consumers as `stop` does. Close the bus before the store that it reads. */
  close(): Promise<void>;
}
