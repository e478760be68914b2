import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Prepared statements by their text, the least recently used given up first: compiled queries come in many shapes. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #limit: number;
  readonly #kept = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, limit = 256) {
    this.#db = db;
    this.#limit = limit;
  }

  of(sql: string): StatementSync {
    const known = this.#kept.get(sql);
    if (known !== undefined) {
      this.#kept.delete(sql);
      this.#kept.set(sql, known);
      return known;
    }
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    this.#kept.set(sql, statement);
    if (this.#kept.size > this.#limit) this.#kept.delete(this.#kept.keys().next().value!);
    return statement;
  }
}
