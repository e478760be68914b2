import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IndexEntry } from '../entries.ts';
import { hash31, type Seed } from './hash.ts';

/** What a row's `param` holds values of; a parameter that has entries of two kinds has two numbers. */
export type Kind = IndexEntry['kind'];
const KIND_NUMBERS: Record<Kind, number> = { token: 1, string: 2, range: 3, reference: 4, uri: 5 };
const KINDS = Object.keys(KIND_NUMBERS) as Kind[];

export interface Param {
  readonly param: number;
  readonly kind: Kind;
}

/** Types and search parameters as small numbers, in a generation that is only read. */
export class Names {
  readonly #type: StatementSync;
  readonly #documents: StatementSync;
  readonly #params: StatementSync;
  readonly #types = new Map<string, number>();

  constructor(db: DatabaseSync) {
    this.#type = db.prepare('SELECT type FROM types WHERE name = ?');
    this.#documents = db.prepare('SELECT documents FROM types WHERE type = ?');
    this.#params = db.prepare('SELECT param, kind FROM params WHERE type = ? AND name = ?');
  }

  /** Undefined: no document of the type was ever put. */
  type(name: string): number | undefined {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const row = this.#type.get(name);
    if (row === undefined) return undefined;
    const type = Number(row['type']);
    this.#types.set(name, type);
    return type;
  }

  /** How many documents there are of the type. */
  documents(type: number): number {
    return Number(this.#documents.get(type)?.['documents'] ?? 0);
  }

  /** The parameter's numbers, one for each kind of entries that it has; usually one, none when nothing has it. */
  params(type: number, name: string): readonly Param[] {
    const rows = this.#params.all(type, name);
    return rows.map((row) => ({ param: Number(row['param']), kind: KINDS[Number(row['kind']) - 1]! }));
  }

  /** Undefined: nothing has the parameter with such entries. */
  param(type: number, name: string, kind: Kind): number | undefined {
    return this.params(type, name).find((param) => param.kind === kind)?.param;
  }
}

/** The same in the generation's writer, which makes numbers for new names inside its transactions. */
export class InternedNames {
  readonly #db: DatabaseSync;
  readonly #seed: Seed;
  readonly #types = new Map<string, number>();
  readonly #params = new Map<string, number>();

  constructor(db: DatabaseSync, seed: Seed) {
    this.#db = db;
    this.#seed = seed;
    this.reload();
  }

  /** After a rollback numbers made in it are gone. */
  reload(): void {
    this.#types.clear();
    this.#params.clear();
    for (const row of this.#db.prepare('SELECT type, name FROM types').all()) {
      this.#types.set(String(row['name']), Number(row['type']));
    }
    for (const row of this.#db.prepare('SELECT param, type, kind, name FROM params').all()) {
      this.#params.set(`${Number(row['type'])} ${Number(row['kind'])} ${String(row['name'])}`, Number(row['param']));
    }
  }

  type(name: string): number {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO types (name, hash) VALUES (?, ?)')
      .run(name, hash31(this.#seed, name));
    this.#types.set(name, Number(lastInsertRowid));
    return Number(lastInsertRowid);
  }

  param(type: number, name: string, kind: Kind): number {
    const key = `${type} ${KIND_NUMBERS[kind]} ${name}`;
    const known = this.#params.get(key);
    if (known !== undefined) return known;
    const insert = this.#db.prepare('INSERT INTO params (type, kind, name) VALUES (?, ?, ?)');
    const { lastInsertRowid } = insert.run(type, KIND_NUMBERS[kind], name);
    this.#params.set(key, Number(lastInsertRowid));
    return Number(lastInsertRowid);
  }
}
