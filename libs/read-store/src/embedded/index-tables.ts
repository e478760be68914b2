import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { IndexRows, RangeRow, StringRow, TokenRow } from './index-rows.ts';
import { RowSet } from './row-set.ts';

type Row = readonly SQLInputValue[];

/** One index table: its columns after `rid`, and how many of them make a row what it is. */
interface Layout {
  readonly table: string;
  readonly columns: readonly string[];
  readonly identity: number;
}

const LAYOUTS = {
  tokens: { table: 'tokens', columns: ['param', 'code', 'system', 'tuple', 'text'], identity: 4 },
  strings: { table: 'strings', columns: ['param', 'normalised', 'exact', 'tuple'], identity: 4 },
  ranges: { table: 'ranges', columns: ['param', 'low', 'high', 'system', 'code', 'tuple'], identity: 6 },
} as const satisfies Record<keyof IndexRows, Layout>;

class IndexTable {
  readonly #identity: number;
  readonly #inserts: RowSet;
  readonly #delete: StatementSync;
  readonly #deleteAll: StatementSync;
  readonly #read: StatementSync;

  constructor(db: DatabaseSync, { table, columns, identity }: Layout) {
    const key = ['rid', ...columns.slice(0, identity)];
    this.#identity = identity;
    this.#inserts = new RowSet(db, table, ['rid', ...columns]);
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE ${key.map((column) => `${column} = ?`).join(' AND ')}`);
    this.#deleteAll = db.prepare(`DELETE FROM ${table} WHERE rid = ?`);
    this.#read = db.prepare(`SELECT ${columns.join(', ')} FROM ${table} WHERE rid = ?`);
    this.#read.setReturnArrays(true);
  }

  add(rid: number, rows: readonly Row[]): void {
    for (const row of rows) this.#inserts.add([rid, ...row]);
  }

  read(rid: number): Row[] {
    return this.#read.all(rid) as unknown as Row[];
  }

  /** Rows that stay as they are cost nothing. */
  change(rid: number, before: readonly Row[], after: readonly Row[]): void {
    const stale = new Map(before.map((row) => [this.#name(row), row]));
    for (const row of after) {
      const name = this.#name(row);
      if (!stale.delete(name)) this.#inserts.add([rid, ...row]);
    }
    for (const row of stale.values()) this.#delete.run(rid, ...row.slice(0, this.#identity));
  }

  #name(row: Row): string {
    return row.slice(0, this.#identity).join('\0');
  }

  remove(rid: number): void {
    this.#deleteAll.run(rid);
  }

  write(): void {
    this.#inserts.write();
  }

  clear(): void {
    this.#inserts.clear();
  }
}

/** The three index tables as one: rows of a document go in and out of all of them. */
export class IndexTables {
  readonly #tokens: IndexTable;
  readonly #strings: IndexTable;
  readonly #ranges: IndexTable;

  constructor(db: DatabaseSync) {
    this.#tokens = new IndexTable(db, LAYOUTS.tokens);
    this.#strings = new IndexTable(db, LAYOUTS.strings);
    this.#ranges = new IndexTable(db, LAYOUTS.ranges);
  }

  add(rid: number, rows: IndexRows): void {
    this.#tokens.add(rid, rows.tokens);
    this.#strings.add(rid, rows.strings);
    this.#ranges.add(rid, rows.ranges);
  }

  read(rids: readonly number[]): Map<number, IndexRows> {
    return new Map(
      rids.map((rid) => [
        rid,
        {
          tokens: this.#tokens.read(rid) as unknown as TokenRow[],
          strings: this.#strings.read(rid) as unknown as StringRow[],
          ranges: this.#ranges.read(rid) as unknown as RangeRow[],
        },
      ]),
    );
  }

  change(rid: number, before: IndexRows | undefined, after: IndexRows): void {
    this.#tokens.change(rid, before?.tokens ?? [], after.tokens);
    this.#strings.change(rid, before?.strings ?? [], after.strings);
    this.#ranges.change(rid, before?.ranges ?? [], after.ranges);
  }

  remove(rid: number): void {
    this.#tokens.remove(rid);
    this.#strings.remove(rid);
    this.#ranges.remove(rid);
  }

  write(): void {
    this.#tokens.write();
    this.#strings.write();
    this.#ranges.write();
  }

  clear(): void {
    for (const table of [this.#tokens, this.#strings, this.#ranges]) table.clear();
  }
}
