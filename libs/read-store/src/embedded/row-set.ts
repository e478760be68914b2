import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** Rows a statement: a call into SQLite costs about as much as a row does. */
const CHUNKS = [64, 8, 1] as const;

/**
 * Rows of one table, gathered, then written many at once. They come in the order of new documents, which is the order
 * of the tables' keys; sorting them for the sake of the tables' indexes was measured, and costs what it gains.
 */
export class RowSet {
  readonly #columns: number;
  readonly #statements: readonly StatementSync[];
  readonly #rows: SQLInputValue[][] = [];

  constructor(db: DatabaseSync, table: string, columns: readonly string[]) {
    this.#columns = columns.length;
    const row = `(${columns.map(() => '?').join(', ')})`;
    this.#statements = CHUNKS.map((size) =>
      db.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES ${Array(size).fill(row).join(', ')}`),
    );
  }

  add(row: SQLInputValue[]): void {
    this.#rows.push(row);
  }

  /** Writes the rows in the order they came in, and forgets them. */
  write(): void {
    const rows = this.#rows;
    let at = 0;
    CHUNKS.forEach((size, index) => {
      const statement = this.#statements[index]!;
      const values = new Array<SQLInputValue>(size * this.#columns);
      while (rows.length - at >= size) {
        let filled = 0;
        for (const end = at + size; at < end; at += 1) for (const value of rows[at]!) values[filled++] = value;
        statement.run(...values);
      }
    });
    rows.length = 0;
  }

  clear(): void {
    this.#rows.length = 0;
  }
}
