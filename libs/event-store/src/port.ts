import type { Instant, Position, Revision } from '@anamnesis/kernel';

/** An event to append. `meta` is the envelope's clear part as JSON text; `data` is sealed and opaque to the store. */
export interface NewEvent {
  /** A UUID. Appending the same ids again, just past the expected revision, appends nothing and succeeds. */
  readonly id: string;
  readonly type: string;
  readonly schema: number;
  readonly meta: string;
  readonly data: Uint8Array;
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  readonly recordedAt: Instant;
}

/** `none`: the stream must not exist. `any`: whatever stands there. A number: the last event's revision. */
export type ExpectedRevision = Revision | 'none' | 'any';

export interface StreamWrite {
  /** `<kind>-<uuid>`, at most 200 characters of `[a-z0-9-]`. */
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** May be empty: then the write is only a condition on the stream's revision, checked in the same transaction. */
  readonly events: readonly NewEvent[];
}

export type AppendResult =
  | {
      readonly ok: true;
      /** The position of the last event of the batch (of the first append, for a repeated one); of the head, for none. */
      readonly position: Position;
      /** Where each write left its stream, in the order of the writes: its last revision. -1: still empty. */
      readonly revisions: readonly Revision[];
      readonly recordedAt: Instant;
    }
  | { readonly ok: false; readonly conflict: { readonly stream: string; readonly actual: Revision | 'none' } };

export type Direction = 'forwards' | 'backwards';

export interface ReadStreamOptions {
  readonly direction?: Direction;
  /** Inclusive. Default: the first event forwards, the last one backwards. */
  readonly from?: Revision;
  /** At most this many, from 1; default 1,000, limit 10,000. */
  readonly limit?: number;
  /** Leave out events after this position. */
  readonly upTo?: Position;
}

export interface ReadAllOptions {
  readonly direction?: Direction;
  /** Exclusive: events after it (forwards) or before it (backwards). Default: from the first, or from the last. */
  readonly from?: Position;
  /** At most this many, from 1; default 1,000, limit 10,000. Fewer come back only where the log ends. */
  readonly limit?: number;
  /** Only streams whose name starts with one of these (`patient-`). */
  readonly prefixes?: readonly string[];
}

/** Reading side; safe to open in any thread, and on a folder whose owner is another process. */
export interface EventReader {
  /** An unknown stream reads as empty. */
  readStream(stream: string, options?: ReadStreamOptions): Promise<StoredEvent[]>;
  readAll(options?: ReadAllOptions): Promise<StoredEvent[]>;
  /** The position of the last event; 0 when there is none. */
  head(): Promise<Position>;
  /**
   * The last position whose commit time, as a running maximum along the log, is not after `instant`;
   * 0 when every event is later.
   */
  positionAt(instant: Instant): Promise<Position>;
  /**
   * Calls `handler` with batches in order, from just after `from`, then live, never two at once: the next batch is
   * read when the handler's promise has resolved. A handler that rejects ends the subscription with that error.
   */
  subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription;
  close(): Promise<void>;
}

/** `through`: every event up to here that the subscription asks for has been handed over, this batch included. */
export type SubscriptionHandler = (batch: readonly StoredEvent[], through: Position) => Promise<void>;

export interface SubscribeOptions {
  /** Exclusive: the first batch begins just after it. */
  readonly from: Position;
  /** At most this many events a batch, from 1; default 500, limit 10,000. */
  readonly batchSize?: number;
  readonly prefixes?: readonly string[];
  /** Also call the handler, with an empty batch, when only events that `prefixes` leaves out were passed. */
  readonly checkpoints?: boolean;
}

export interface Subscription {
  /** Resolves when stopped, rejects with what ended it. */
  readonly ended: Promise<void>;
  /** Resolves when the handler in hand has settled; so a handler must not await it. */
  stop(): Promise<void>;
}

/**
 * An append-only log of streams.
 *
 * Repeats: if a write's expectation does not hold, but the events right after the expected revision are exactly its
 * events by id (for `none` from revision 0; for `any` the last ones of the stream), it was appended before: the call
 * appends nothing and answers as it did the first time. Of several writes all that carry events must be repeats; a
 * mixture is a conflict. Two writes of one batch may go to one stream: the second is checked after the first.
 *
 * Revisions of a stream increase, and may have gaps. Only within a batch they are counted on: a second write to a
 * stream expects the revision before the batch plus the number of events of the first, whatever revisions these get.
 *
 * A stream name, id, type or revision that is not well formed is a TypeError, a batch or limit out of bounds a
 * RangeError: bugs of the caller. After `store-unavailable` the outcome is unknown: repeat the call to learn it.
 *
 * Errors: `Fault` with `store-unavailable` (retryable), `store-full`,
 * `store-read-only`, `store-corrupt`, `overloaded` (retryable: its bounded queue is full), `stopping`.
 */
export interface EventStore extends EventReader {
  append(write: StreamWrite): Promise<AppendResult>;
  /**
   * All or nothing, and isolated: no reader ever sees a part. At most 10,000 events and 64 MiB; an adapter may bound
   * a batch over several streams lower (EventStoreDB: 4,096 events).
   */
  appendAll(writes: readonly StreamWrite[]): Promise<AppendResult>;
}
