import type { DatabaseSync } from 'node:sqlite';
import { Fault, type Position } from '@anamnesis/kernel';
import type { Operation, ReadModelWriter } from '../port.ts';
import { BatchWriter } from './batch-writer.ts';
import { asFault, stopping } from './faults.ts';

/** How often, and how long, a purge waits for readers to let go of the write-ahead log before it reports a fault. */
const SCRUB_ATTEMPTS = 50;
const SCRUB_PAUSE_MS = 20;

/** Writes the live generation: every `apply` is one transaction. Runs in the calling thread. */
export class LiveWriter implements ReadModelWriter {
  readonly #db: DatabaseSync;
  readonly #batches: BatchWriter;
  readonly #onProgress: (progress: Position) => void;
  readonly #onClose: () => void;
  #closed = false;

  constructor(db: DatabaseSync, onProgress: (progress: Position) => void, onClose: () => void) {
    this.#db = db;
    this.#batches = new BatchWriter(db);
    this.#onProgress = onProgress;
    this.#onClose = onClose;
    onProgress(this.#batches.progress());
  }

  async apply(operations: readonly Operation[], through: Position): Promise<void> {
    if (this.#closed) throw stopping();
    let purged: boolean;
    try {
      ({ purged } = this.#batches.apply(operations, through));
    } catch (error) {
      throw asFault(error);
    }
    if (purged) await this.#scrub();
    if (!this.#closed) this.#onProgress(this.#batches.progress());
  }

  /**
   * What a purge deleted is still in the write-ahead log: the log is copied back and cut to nothing, which readers can
   * hold up for as long as one query takes. Until it is done the purge counts as not applied, and is applied again.
   */
  async #scrub(): Promise<void> {
    for (let attempt = 0; attempt < SCRUB_ATTEMPTS; attempt += 1) {
      if (this.#closed) throw stopping();
      try {
        const answer = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
        if (answer?.['busy'] === 0) return;
      } catch (error) {
        const fault = asFault(error);
        if (!(fault instanceof Fault && fault.retryable)) throw fault;
      }
      await new Promise((resolve) => setTimeout(resolve, SCRUB_PAUSE_MS));
    }
    throw new Fault('store-unavailable', 'Readers keep an erasure from the read model’s log', { retryable: true });
  }

  async progress(): Promise<Position> {
    if (this.#closed) throw stopping();
    return this.#batches.progress();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#db.close();
    this.#onClose();
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
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      this.#db.close();
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
