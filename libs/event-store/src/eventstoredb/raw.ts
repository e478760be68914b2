import type { Instant, Revision } from '@anamnesis/kernel';

/** What makes an event an intent: it counts once its batch is committed. */
export interface BatchMark {
  readonly id: string;
  /** The event's place in the batch, from 0. */
  readonly index: number;
  /** How many streams the batch touches: a large one is given more time before others try to abort it. */
  readonly streams: number;
  /** Holds a condition of the batch in place and is no event, whatever becomes of the batch. */
  readonly guard?: true;
}

/** What the port's event has beside its type and data; it travels in the event's metadata. */
export interface Envelope {
  /** The logical id, by which repeats are recognised. */
  readonly id: string;
  readonly schema: number;
  readonly meta: string;
  readonly batch?: BatchMark;
}

export interface RawNewEvent {
  readonly storedId: string;
  readonly type: string;
  readonly data: Uint8Array;
  readonly envelope: Envelope;
}

/** An event as EventStoreDB has it. */
export interface RawEvent {
  readonly stream: string;
  readonly revision: Revision;
  /** Its commit position in the log of the server. */
  readonly commit: number;
  /** When the server recorded it. */
  readonly at: Instant;
  readonly storedId: string;
  readonly type: string;
  /** Empty where the content is JSON. */
  readonly data: Uint8Array;
  readonly json?: unknown;
  /** Absent: not written by this adapter, and no event of the port. */
  readonly envelope?: Envelope;
}

/** `end`: the read came to the end of what there is; else more may follow, also where the page is not full. */
export interface RawPage {
  readonly events: readonly RawEvent[];
  readonly end: boolean;
}

/** One write of a batch as its commit record lists it: consecutive raw revisions from `first`, and stored ids. */
export interface ListedWrite {
  readonly stream: string;
  readonly first: Revision;
  readonly ids: readonly string[];
}

export type Listing = readonly ListedWrite[];

/** How a batch ended. A committed one stands in the log at `commit`, and is as old as that record. */
export type Outcome =
  { readonly committed: true; readonly commit: number; readonly at: Instant } | { readonly committed: false };

/** The stream in which the decision over a batch stands; its first event is the only one that counts. */
export const BATCH_PREFIX = 'batch-';
export const batchStream = (batch: string): string => BATCH_PREFIX + batch;

/** Before the first revision: the stream does not exist. */
export const NOTHING = -1;
