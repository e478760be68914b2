import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Document, Page, Query } from '../query.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { overBudget } from './faults.ts';
import { hash31, hash53, type Seed } from './hash.ts';
import { Names } from './names.ts';
import { Planner, sortedMatches } from './planner.ts';
import { distinct, Pages, type Row } from './pages.ts';
import { readSeed } from './schema.ts';
import { raw, sql, withinBudget, type Fragment } from './sql.ts';
import { Statements } from './statements.ts';

export interface DocumentKey {
  readonly type: string;
  readonly id: string;
}

const MAX_LIMIT = 1_000;

/** Queries on one open generation, each within one snapshot and one budget of time. */
export class Search {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #names: Names;
  readonly #seed: Seed;
  readonly #budgetMs: number;
  readonly #worthSorting: (documents: number) => number;
  #deadline = Infinity;

  /** `worthSorting`: up to how many matches are sorted rather than found in order; for tests of either way. */
  constructor(db: DatabaseSync, budgetMs: number, worthSorting = sortedMatches) {
    this.#db = db;
    this.#worthSorting = worthSorting;
    this.#statements = new Statements(db);
    this.#names = new Names(db);
    this.#seed = readSeed(db);
    this.#budgetMs = budgetMs;
    db.function('within_budget', { deterministic: false, directOnly: true }, () => {
      if (performance.now() > this.#deadline) throw overBudget();
      return 1;
    });
  }

  progress(): number {
    return Number(this.#rows(raw("SELECT value FROM state WHERE name = 'progress'"))[0]![0]);
  }

  query(query: Query): Page {
    const { type: typeName, limit } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
      throw new RangeError('a page has 1 to 1,000 documents');
    const after = query.after === undefined ? undefined : readCursor(query, query.after);
    return this.#within(() => {
      const position = this.progress();
      const type = this.#names.type(typeName);
      const found = type === undefined ? [] : this.#pages().find(query, type, after);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const total = query.total ? this.#count(typeName, type, query.where) : undefined;
      return {
        documents: this.#documents(
          typeName,
          page.map((row) => row[0] as number),
        ),
        ...(found.length > limit && last !== undefined
          ? { next: writeCursor(query, { rid: last[0] as number, values: last.slice(1) }) }
          : {}),
        ...(total === undefined ? {} : { total }),
        position,
      };
    });
  }

  count({ type, where }: Pick<Query, 'type' | 'where'>): number {
    return this.#within(() => this.#count(type, this.#names.type(type), where));
  }

  #count(typeName: string, type: number | undefined, where: Query['where']): number {
    if (type === undefined) return 0;
    if (where === undefined) return this.#names.documents(type);
    const selection = this.#planner().plan(type, typeName, where, 'all');
    return Number(this.#rows(sql`SELECT count(*) FROM (${distinct(selection)})`)[0]![0]);
  }

  /** In the order of the numbers given. */
  #documents(type: string, rids: readonly number[]): Document[] {
    const rows = this.#rows(sql`SELECT ${raw(COLUMNS)} FROM json_each(${JSON.stringify(rids)}) k
      CROSS JOIN docs d ON d.rid = k.value CROSS JOIN bodies b ON b.rid = d.rid`);
    return rows.map((row) => document(type, row));
  }

  /** Several types at once, each by its own number. */
  #documentsOf(rows: readonly Row[]): Document[] {
    return rows.map(([type, ...row]) => document(String(type), row));
  }

  get({ type, id }: DocumentKey): Document | undefined {
    const number = this.#names.type(type);
    if (number === undefined) return undefined;
    const [row] = this.#rows(sql`SELECT ${raw(COLUMNS)} FROM docs d INDEXED BY docs_key
      CROSS JOIN bodies b ON b.rid = d.rid AND b.id = ${id} WHERE d.key = ${hash53(this.#seed, id)} AND d.type = ${number}`);
    return row === undefined ? undefined : document(type, row);
  }

  getMany(keys: readonly DocumentKey[]): Document[] {
    return this.#within(() => {
      const found = new Map<string, Document>();
      for (const key of keys) {
        if (performance.now() > this.#deadline) throw overBudget();
        const one = this.get(key);
        if (one !== undefined) found.set(`${one.type}/${one.id}`, one);
      }
      return [...found.values()];
    });
  }

  referredTo(from: readonly DocumentKey[], param: string, targetType: string | undefined, limit: number): Document[] {
    return this.#within(() => {
      const keys = JSON.stringify(
        this.#typed(from).flatMap(({ number, id }) => {
          const reference = this.#names.param(number, param, 'reference');
          return reference === undefined ? [] : [[hash53(this.#seed, id), id, number, reference]];
        }),
      );
      const target = targetType === undefined ? raw('1') : sql`ty.name = ${targetType}`;
      return this.#documentsOf(
        this
          .#rows(sql`WITH found AS MATERIALIZED (SELECT DISTINCT d.rid AS rid, ty.name AS name FROM json_each(${keys}) k
          CROSS JOIN docs f INDEXED BY docs_key ON f.key = k.value ->> 0 AND f.type = k.value ->> 2
          CROSS JOIN bodies fb ON fb.rid = f.rid AND fb.id = k.value ->> 1
          CROSS JOIN tokens t ON t.rid = f.rid AND t.param = k.value ->> 3
          CROSS JOIN docs d INDEXED BY docs_key ON d.key = t.code
          CROSS JOIN types ty ON ty.type = d.type AND ty.hash = t.system AND ${target}
          ORDER BY d.rid LIMIT ${limit})
          SELECT name, ${raw(COLUMNS)} FROM found CROSS JOIN docs d ON d.rid = found.rid CROSS JOIN bodies b ON b.rid = d.rid`),
      );
    });
  }

  referringTo(to: readonly DocumentKey[], type: string, param: string, limit: number): Document[] {
    return this.#within(() => {
      const number = this.#names.type(type);
      const reference = number === undefined ? undefined : this.#names.param(number, param, 'reference');
      if (reference === undefined) return [];
      const keys = JSON.stringify(to.map((key) => [hash53(this.#seed, key.id), hash31(this.#seed, key.type)]));
      const rows = this.#rows(sql`SELECT DISTINCT t.rid FROM json_each(${keys}) k
        CROSS JOIN tokens t INDEXED BY tokens_code
          ON t.param = ${reference} AND t.code = k.value ->> 0 AND t.system = k.value ->> 1
        WHERE ${withinBudget('t.rid')} ORDER BY t.rid LIMIT ${limit}`);
      return this.#documents(
        type,
        rows.map((row) => row[0] as number),
      );
    });
  }

  #typed(keys: readonly DocumentKey[]): { number: number; id: string }[] {
    return keys.flatMap(({ type, id }) => {
      const number = this.#names.type(type);
      return number === undefined ? [] : [{ number, id }];
    });
  }

  #pages(): Pages {
    return new Pages(this.#names, this.#planner(), this.#worthSorting, (statement) => this.#rows(statement));
  }

  #planner(): Planner {
    return new Planner(this.#names, this.#seed, this.#statements, this.#worthSorting);
  }

  #rows({ text, values }: Fragment): Row[] {
    return this.#statements.of(text).all(...(values as SQLInputValue[])) as unknown as Row[];
  }

  /** One snapshot for all statements of one answer, and one deadline. */
  #within<T>(work: () => T): T {
    this.#deadline = performance.now() + this.#budgetMs;
    this.#db.exec('BEGIN');
    try {
      return work();
    } finally {
      if (this.#db.isTransaction) this.#db.exec('COMMIT');
    }
  }
}

const COLUMNS = 'd.position, d.last_updated, b.id, b.subject, b.body';

function document(type: string, [position, lastUpdated, id, subject, body]: Row): Document {
  return {
    type,
    id: String(id),
    body: String(body),
    ...(subject === null ? {} : { subject: String(subject) }),
    position: Number(position),
    lastUpdated: Number(lastUpdated),
  };
}
