import type { Instant, Position } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';

/** What a consumer is handed: events in order (per patient, at least), and how far the log is complete. */
export interface Delivery {
  readonly events: readonly StoredEvent[];
  /**
   * The part of the bus that it came by. A patient's events keep to one lane of a topic; lanes do not wait for each
   * other. The embedded bus has one, `log`; Kafka's are topic and partition, `anamnesis.orders/3`.
   */
  readonly lane: string;
  /** Every event of this lane up to here that this consumer listens to has been delivered, this batch included. */
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
   * progress together with its effects, as a read model does. A function is asked for each lane, whenever the lane
   * comes to this consumer.
   */
  readonly resumeAt?: Position | ((lane: string) => Promise<Position>);
}

export interface Consumer {
  /** Resolves when stopped; rejects with what ended it: never a handler's failure, which is retried. */
  readonly ended: Promise<void>;
  /** Stops after the delivery in hand, without waiting for another try of one that failed; progress is kept. */
  stop(): Promise<void>;
}

/** An event that its group's handler cannot take, set aside so that the rest goes on. */
export interface DeadLetter {
  /** The same for the same event, group and lane. */
  readonly id: string;
  readonly group: string;
  readonly lane: string;
  readonly event: StoredEvent;
  /** The error's name and the line that threw it; never its message, which may quote a patient's data. */
  readonly reason: string;
  readonly at: Instant;
}

export interface ListDeadLetters {
  readonly group?: string;
  /** At most this many, from 1; default 100, limit 10,000. */
  readonly limit?: number;
}

/**
 * At least once: handlers are idempotent. A handler that rejects with a `Fault` is handed the delivery again, with a
 * growing pause, until it resolves. One that rejects with anything else met an event it cannot take: the delivery is
 * split until that event stands alone, which goes to the dead letters, and the rest goes on. A handler that rejects
 * one event after the other without taking any is at fault itself, and is retried.
 *
 * Deliveries of one group and lane come one after the other; lanes and groups do not wait for each other. A delivery
 * without events only moves `through`. Records of access (`access-`) are no consumer's business: a bus need not carry
 * them. Errors: `Fault` with `bus-unavailable` (retryable), `stopping`.
 */
export interface EventBus {
  consume(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer>;
  /** How far a group has come, in the least of its lanes; 0 for one that is not known. */
  progress(group: string): Promise<Position>;
  /** Oldest first. */
  listDeadLetters(options?: ListDeadLetters): Promise<DeadLetter[]>;
  /**
   * Hands letters to their own group's handler again, and takes them off the list: how many. A letter that is not
   * there, or no more, is none. What is rejected again becomes a letter again.
   */
  replayDeadLetters(which: readonly string[] | 'all'): Promise<number>;
  /** Stops the consumers as `stop` does. Close the bus before the store that it reads. */
  close(): Promise<void>;
}
