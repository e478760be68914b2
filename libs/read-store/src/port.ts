import type { Instant, Position } from '@anamnesis/kernel';
import type { IndexEntry } from './entries.ts';
import type { Document, Page, Query } from './query.ts';

/**
 * A document operation of a pure projector. It is applied only if the document's last operation is older than
 * `position`, so that redelivery, overlap and restart change nothing. A delete leaves a positioned tombstone.
 */
export type Operation =
  | {
      readonly put: {
        readonly type: string;
        /** At most 64 characters. */
        readonly id: string;
        /** JSON text. */
        readonly body: string;
        /** The opaque patient id whose erasure takes the document with it. */
        readonly subject?: string;
        readonly lastUpdated: Instant;
        readonly entries: readonly IndexEntry[];
      };
      readonly position: Position;
    }
  | { readonly remove: { readonly type: string; readonly id: string }; readonly position: Position }
  /** Erasure: every document of the subject is gone and its pages are overwritten; later operations still apply. */
  | { readonly purge: { readonly subject: string }; readonly position: Position };

/**
 * The writing side of one generation of one read model. Errors: `Fault` with `store-full`, `store-read-only`,
 * `store-unavailable` (retryable), `read-model-unavailable`, `stopping`. What rejects has changed nothing, or is to be
 * applied again.
 */
export interface ReadModelWriter {
  /**
   * Applies the operations and moves the progress of the writer's lane to `through`: in one transaction, or such that
   * the progress is moved last and everything may be applied again.
   */
  apply(operations: readonly Operation[], through: Position): Promise<void>;
  /** Of the writer's lane. */
  progress(): Promise<Position>;
  close(): Promise<void>;
}

/**
 * The reading side; follows the live generation by itself when a rebuilt one is swapped in. Errors: `QueryRefused` for a
 * cursor or a query that no store would take; `Fault` with `read-model-unavailable` (missing, damaged or of another
 * version: rebuild it; retryable when it was never made), `overloaded` (retryable when too many queries wait, not when
 * one takes too long), `store-unavailable` (retryable), `stopping`.
 */
export interface ReadModelReader {
  get(type: string, id: string): Promise<Document | undefined>;
  /** Many at once, in no particular order; what does not exist is left out. */
  getMany(keys: readonly { readonly type: string; readonly id: string }[]): Promise<Document[]>;
  query(query: Query): Promise<Page>;
  count(query: Pick<Query, 'type' | 'where'>): Promise<number>;
  /**
   * References out of the documents by `param` (for _include), or of documents of `type` into them (for _revinclude);
   * at most `limit`.
   */
  referredTo(
    from: readonly { type: string; id: string }[],
    param: string,
    targetType: string | undefined,
    limit: number,
  ): Promise<Document[]>;
  referringTo(
    to: readonly { type: string; id: string }[],
    type: string,
    param: string,
    limit: number,
  ): Promise<Document[]>;
  progress(): Promise<Position>;
  /** Resolves when progress has reached `position`; rejects with Fault `read-model-behind` (retryable) after `timeoutMs`. */
  waitFor(position: Position, timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Generations of one read model: one live, at most one being built beside it. */
export interface ReadStore {
  reader(model: string): Promise<ReadModelReader>;
  /**
   * The live generation's writer; makes the first generation when there is none. One writer at a time, for each lane of
   * the bus that feeds the model. A store of one process has one lane, whatever it is called.
   */
  writer(model: string, lane?: string): Promise<ReadModelWriter>;
  /**
   * Says which lanes there are: the model's progress is the least of theirs, and one that was never written counts as
   * 0. A lane that gets a writer is one of them from then on. A store of one process takes no notice.
   */
  lanes(model: string, names: readonly string[]): Promise<void>;
  /** A fresh generation beside the live one, tuned for bulk loading; not visible until `swap`. */
  build(model: string): Promise<ReadModelWriter>;
  /**
   * Makes the built generation live and drops the old one once nobody reads it. Closes the built generation's writer.
   * Where writers follow the live generation by themselves they go on; it waits until the build has what they wrote
   * (Fault `read-model-behind`, retryable: load on, then swap). Elsewhere it closes this store's live writer, and one
   * in another store is to be closed before: Fault `store-in-use`.
   */
  swap(model: string): Promise<void>;
  close(): Promise<void>;
}
