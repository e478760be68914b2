import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Position } from '@anamnesis/kernel';
import { reaching } from './bus-database.ts';

/** How far each group has come. */
export class Checkpoints {
  readonly #read: StatementSync;
  readonly #write: StatementSync;

  constructor(database: DatabaseSync) {
    [this.#read, this.#write] = reaching(() => {
      database.exec(
        `CREATE TABLE IF NOT EXISTS checkpoints ("group" TEXT PRIMARY KEY, position INTEGER NOT NULL)
         STRICT, WITHOUT ROWID`,
      );
      return [
        database.prepare('SELECT position FROM checkpoints WHERE "group" = ?'),
        database.prepare(
          `INSERT INTO checkpoints ("group", position) VALUES (?, ?)
           ON CONFLICT ("group") DO UPDATE SET position = excluded.position`,
        ),
      ];
    });
  }

  of(group: string): Position | undefined {
    const row = reaching(() => this.#read.get(group));
    return row === undefined ? undefined : Number(row['position']);
  }

  keep(group: string, position: Position): void {
    reaching(() => this.#write.run(group, position));
  }
}
