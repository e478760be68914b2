import type { DatabaseSync } from 'node:sqlite';
import type { Position } from '@anamnesis/kernel';
import type { Operation, ReadModelWriter } from '../port.ts';
import { BatchWriter } from './batch-writer.ts';
import { asFault, stopping } from './faults.ts';
import { scrubPages } from './scrub-pages.ts';
import { scrub, scrubIsDue } from './scrub.ts';

/** Writes the live generation: every `apply` is one transaction. Runs in the calling thread, one call after the other. */
export class LiveWriter implements ReadModelWriter {
  readonly #db: DatabaseSync;
  readonly #batches: BatchWriter;
  readonly #onProgress: (progress: Position) => void;
  readonly #onClose: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #scrubIsDue: boolean;
  #closing: Promise<void> | undefined;

  constructor(db: DatabaseSync, onProgress: (progress: Position) => void, onClose: () => void) {
    this.#db = db;
    this.#batches = new BatchWriter(db);
    this.#onProgress = onProgress;
    this.#onClose = onClose;
    this.#scrubIsDue = scrubIsDue(db);
    onProgress(this.#batches.progress());
  }

  apply(operations: readonly Operation[], through: Position): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const { purged } = this.#batches.apply(operations, through);
        this.#scrubIsDue ||= purged;
      } catch (error) {
        throw asFault(error);
      }
      // An erasure counts as applied when its traces are gone, too.
      if (this.#scrubIsDue) await scrub(this.#db);
      this.#scrubIsDue = false;
      this.#onProgress(this.#batches.progress());
    });
  }

  progress(): Promise<Position> {
    return this.#inTurn(async () => this.#batches.progress());
  }

  /** While traces are scrubbed nothing may be written: whoever comes meanwhile waits. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(stopping());
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.then(() => {
      this.#db.close();
      this.#onClose();
    });
    return this.#closing;
  }
}

/** A build gathers operations up to these bounds and writes them at once: versions of one document become one row. */
const SPOOL_OPERATIONS = 10_000;
const SPOOL_BYTES = 24 * 1024 * 1024;

/** Writes a generation that nobody reads yet. Progress runs ahead of the file; `finish` brings the file up to it. */
export class BuildWriter implements ReadModelWriter {
  readonly #db: DatabaseSync;
  readonly #batches: BatchWriter;
  readonly #onClose: (finished: boolean) => void;
  readonly #spool: Operation[] = [];
  #bytes = 0;
  #through: Position;
  #closed = false;

  constructor(db: DatabaseSync, onClose: (finished: boolean) => void) {
    this.#db = db;
    this.#batches = new BatchWriter(db);
    this.#onClose = onClose;
    this.#through = this.#batches.progress();
  }

  async apply(operations: readonly Operation[], through: Position): Promise<void> {
    if (this.#closed) throw stopping();
    for (const operation of operations) {
      this.#spool.push(operation);
      if ('put' in operation) this.#bytes += operation.put.body.length + 100 * operation.put.entries.length;
    }
    this.#through = Math.max(this.#through, through);
    if (this.#spool.length >= SPOOL_OPERATIONS || this.#bytes >= SPOOL_BYTES) this.#flush();
  }

  #flush(): void {
    try {
      this.#batches.apply(this.#spool, this.#through);
    } catch (error) {
      // Without a journal there is no way back: this generation is lost, and built anew.
      this.#discard();
      throw asFault(error);
    }
    this.#spool.length = 0;
    this.#bytes = 0;
  }

  async progress(): Promise<Position> {
    if (this.#closed) throw stopping();
    return this.#through;
  }

  /**
   * Everything is in the file, the file is in its live form, and closed. Answers the progress. The generation is safe
   * from being swept until `release`.
   */
  finish(): Position {
    if (this.#closed) throw stopping();
    this.#flush();
    this.#closed = true;
    try {
      this.#db.exec('PRAGMA locking_mode = NORMAL; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL');
      const path = this.#db.location()!;
      const scrubbing = scrubIsDue(this.#db);
      this.#db.exec("UPDATE state SET value = 0 WHERE name = 'scrub'; PRAGMA wal_checkpoint(TRUNCATE)");
      this.#db.close();
      if (scrubbing) scrubPages(path);
    } catch (error) {
      this.#discard();
      throw asFault(error);
    }
    return this.#through;
  }

  release(): void {
    this.#onClose(true);
  }

  #discard(): void {
    this.#closed = true;
    this.#spool.length = 0;
    if (this.#db.isOpen) this.#db.close();
    this.#onClose(false);
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#discard();
  }
}
