import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Fault, type Position } from '@anamnesis/kernel';

/**
 * How far each group has come, in `bus.sqlite`. `synchronous=NORMAL`: a checkpoint costs no fsync, and a power
 * failure may take back the last ones. That repeats deliveries, which every consumer must bear anyway.
 */
export class Checkpoints {
  readonly #database: DatabaseSync;
  readonly #read: StatementSync;
  readonly #write: StatementSync;

  constructor(folder: string) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, 'bus.sqlite');
      const fresh = !existsSync(path);
      this.#database = new DatabaseSync(path, { timeout: 5_000 });
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      this.#database.exec(
        `CREATE TABLE IF NOT EXISTS checkpoints ("group" TEXT PRIMARY KEY, position INTEGER NOT NULL)
         STRICT, WITHOUT ROWID`,
      );
      if (fresh) chmodSync(path, 0o600);
      this.#read = this.#database.prepare('SELECT position FROM checkpoints WHERE "group" = ?');
      this.#write = this.#database.prepare(
        `INSERT INTO checkpoints ("group", position) VALUES (?, ?)
         ON CONFLICT ("group") DO UPDATE SET position = excluded.position`,
      );
    } catch (error) {
      throw unavailable(error);
    }
  }

  of(group: string): Position | undefined {
    try {
      const row = this.#read.get(group);
      return row === undefined ? undefined : Number(row['position']);
    } catch (error) {
      throw unavailable(error);
    }
  }

  keep(group: string, position: Position): void {
    try {
      this.#write.run(group, position);
    } catch (error) {
      throw unavailable(error);
    }
  }

  close(): void {
    this.#database.close();
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault('bus-unavailable', 'The checkpoints of the bus cannot be reached.', { retryable: true, cause });
}
