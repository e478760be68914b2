import type { Actor, DataClass, Fact, Instant, Position, RecordedFact, Revision } from '@anamnesis/kernel';
import type { ExpectedRevision, StoredEvent, StreamWrite } from '@anamnesis/event-store';

/** The facts of one decision for one stream, with the revision it rests on; not yet sealed, not yet stored. */
export interface Pending {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly facts: readonly Fact[];
  /** The opaque patient id whose key seals the facts; absent: the network's key. */
  readonly subject?: string;
  readonly dataClass: DataClass;
}

/** What every event of one piece of work has in common. */
export interface Work {
  /**
   * The command's id. The ids of its events derive from it and their place in the commit, so that a repeated commit
   * appends nothing; two different commits therefore need two ids.
   */
  readonly command: string;
  /** When the work was done; says which month's key seals access records of no single patient. Default: now. */
  readonly at?: Instant;
  readonly actor: Actor;
  readonly correlation: string;
  readonly causation?: string;
  readonly traceparent?: string;
}

export type Committed =
  | {
      readonly ok: true;
      readonly position: Position;
      readonly recordedAt: Instant;
      readonly revisions: readonly Revision[];
    }
  | { readonly ok: false; readonly conflict: { readonly stream: string; readonly actual: Revision | 'none' } };

/** A stream as it was read: opened, upcast to today's shapes, in order. */
export interface Loaded {
  readonly facts: readonly RecordedFact[];
  /** What the next append must expect. */
  readonly revision: Revision | 'none';
}

/** The reading side of the journal; can be opened in any thread. */
export interface JournalReader {
  load(stream: string, options?: { readonly upTo?: Position }): Promise<Loaded>;
  /** The newest facts of the stream first. */
  loadBackwards(
    stream: string,
    limit: number,
    options?: { readonly upTo?: Position },
  ): Promise<readonly RecordedFact[]>;
}

/** An event whose key was destroyed: its envelope is all that is left, for ever. */
export interface ErasedFact extends Omit<RecordedFact, 'facts' | 'resource'> {
  readonly erased: true;
}

/** What a projector is handed; to be told apart by `'erased' in`. */
export type OpenedFact = RecordedFact | ErasedFact;

/**
 * Opens events that were read from the log or came over the bus. A destroyed key is an answer here; a vault that does
 * not answer is a retryable fault.
 */
export interface EventOpener {
  open(stored: StoredEvent): Promise<OpenedFact>;
  /** In the same order. */
  openAll(stored: readonly StoredEvent[]): Promise<OpenedFact[]>;
}

/** A decision as it goes to be committed: sealed already where it was made, or to be sealed by who commits. */
export type Committable = Pending | StreamWrite;

/** Sealed events in and out. Throws `Fault`: `key-destroyed`, `vault-unavailable`, `event-altered` and the store's own. */
export interface Journal extends JournalReader {
  /** One atomic append of all of it. */
  commit(pending: readonly Committable[], work: Work): Promise<Committed>;
  /**
   * Seals without appending: for a decision that somebody else commits. `part` keeps the ids of its events apart from
   * those of the other parts of the same work.
   */
  seal(pending: readonly Pending[], work: Work, part: string): Promise<readonly StreamWrite[]>;
  /** An opaque, stable name for a text that a person may be known by. */
  keyedHash(purpose: string, text: string): string;
}
