import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { PAGE_BYTES } from './log-database.ts';

/**
 * The WAL is copied into the log when it holds about this much. Less would be copied sooner, but more often: the ends
 * of tables and indexes are written by every commit, and copied once.
 */
const DUE_BYTES = 16 * 1024 * 1024;
/** In a pause it is worth it for less: recovery after a crash is then instant. */
const WORTH_BYTES = 64 * 1024;

/**
 * Keeps the write-ahead log short. A passive checkpoint waits for nobody; once it has copied everything, the next
 * commit starts the file from the beginning again. A failed one loses nothing: the WAL holds what it would have
 * copied, and the next attempt starts over.
 */
export class WalCheckpoints {
  readonly #passive: StatementSync;
  readonly #truncate: StatementSync;
  /** About how many bytes of the WAL are not yet in the log. */
  #pending = 0;
  #due = DUE_BYTES;

  constructor(database: DatabaseSync) {
    this.#passive = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    this.#truncate = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Call it when the answers are sent, so that nobody waits for it but those who come next. */
  afterCommit(bytes: number, requests: number): void {
    // Besides its bytes a commit writes the pages it touches: the ends of tables and indexes, and places of names.
    this.#pending += bytes + (6 + requests / 4) * PAGE_BYTES;
    if (this.#pending >= this.#due) this.#copy(this.#passive);
  }

  whenIdle(): void {
    if (this.#pending >= WORTH_BYTES) this.#copy(this.#passive);
  }

  last(): void {
    this.#copy(this.#truncate);
  }

  #copy(checkpoint: StatementSync): void {
    try {
      const row = checkpoint.get();
      this.#pending = (Number(row?.['log']) - Number(row?.['checkpointed'])) * PAGE_BYTES;
    } catch {
      this.#pending += PAGE_BYTES;
    }
    // What a reader held back is not tried again at every commit.
    this.#due = this.#pending + DUE_BYTES;
  }
}
