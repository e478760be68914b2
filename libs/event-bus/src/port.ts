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
  readonly batchSize?: number;
  /** Where to start when the group has no progress yet; default 0. */
  readonly from?: Position;
}

export interface Consumer {
  readonly ended: Promise<void>;
  /** Stops after the delivery in hand; its progress is kept. */
  stop(): Promise<void>;
}

/** At least once: a delivery is repeated until its handler resolves; handlers are idempotent. */
export interface EventBus {
  consume(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer>;
  /** How far a group has come. */
  progress(group: string): Promise<Position>;
  close(): Promise<void>;
}
