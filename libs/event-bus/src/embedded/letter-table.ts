import type { DatabaseSync } from 'node:sqlite';
import type { Instant, Position } from '@anamnesis/kernel';
import { reaching } from './bus-database.ts';

/** A dead letter without its event, which the log has. */
export interface LetterRow {
  readonly id: string;
  readonly group: string;
  readonly position: Position;
  readonly reason: string;
  readonly at: Instant;
}

/** The dead letters of every group, and which of them are to come again. */
export class LetterTable {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    reaching(() =>
      database.exec(
        `CREATE TABLE IF NOT EXISTS dead_letters (
           "group" TEXT NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
           again INTEGER NOT NULL DEFAULT 0, PRIMARY KEY ("group", position)) STRICT, WITHOUT ROWID`,
      ),
    );
  }

  /** One that was to come again and failed again is a letter again. */
  keep({ group, position, reason, at }: Omit<LetterRow, 'id'>): void {
    this.#run(
      `INSERT INTO dead_letters ("group", position, reason, at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET reason = excluded.reason, at = excluded.at, again = 0`,
      [group, position, reason, at],
    );
  }

  list(limit: number, group?: string): LetterRow[] {
    const some = group === undefined ? '' : 'AND "group" = ?';
    const rows = this.#all(`SELECT * FROM dead_letters WHERE again = 0 ${some} ORDER BY at, position LIMIT ?`, [
      ...(group === undefined ? [] : [group]),
      limit,
    ]);
    return rows.map((row) => ({
      id: letterId(String(row['group']), Number(row['position'])),
      group: String(row['group']),
      position: Number(row['position']),
      reason: String(row['reason']),
      at: Number(row['at']),
    }));
  }

  /** Marks letters to come again: how many. */
  mark(which: readonly string[] | 'all'): number {
    if (which === 'all') return this.#run('UPDATE dead_letters SET again = 1 WHERE again = 0', []);
    const mark = `UPDATE dead_letters SET again = 1 WHERE again = 0 AND "group" || '@' || position = ?`;
    return which.reduce((count, id) => count + this.#run(mark, [id]), 0);
  }

  /** Where the letters lie that this group is to be handed again. */
  marked(group: string): Position[] {
    const found = this.#all('SELECT position FROM dead_letters WHERE "group" = ? AND again = 1', [group]);
    return found.map((row) => Number(row['position']));
  }

  drop(group: string, position: Position): void {
    // One that was rejected once more while it came again is no longer marked, and stays.
    this.#run('DELETE FROM dead_letters WHERE "group" = ? AND position = ? AND again = 1', [group, position]);
  }

  #run(sql: string, values: readonly (string | number)[]): number {
    return reaching(() => Number(this.#database.prepare(sql).run(...values).changes));
  }

  #all(sql: string, values: readonly (string | number)[]): Record<string, unknown>[] {
    return reaching(() => this.#database.prepare(sql).all(...values));
  }
}

export function letterId(group: string, position: Position): string {
  return `${group}@${position}`;
}
