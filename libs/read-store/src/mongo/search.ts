import type { Document, Page, Query } from '../query.ts';
import type { DocumentKey } from '../embedded/search.ts';
import { Budget } from './budget.ts';
import { candidates, explainCandidates, ofType, type Fields } from './candidates.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { Documents } from './database.ts';
import { anyId, anyPair, type Filter } from './filters.ts';
import { referenceText, type Keys } from './keys.ts';
import type { Few } from './lookups.ts';
import { Matching } from './matching.ts';
import { Ordering, type Row } from './ordering.ts';
import type { mongo } from 'mongoose';
import type { StoredDocument } from './schema.ts';

const MAX_LIMIT = 1_000;
/** Keys that are asked for at once. */
const KEYS_AT_ONCE = 1_000;
const SHOWN: Fields = { t: 1, sub: 1, u: 1, pos: 1, b: 1 };

/** Queries on one generation. */
export class Search {
  readonly #documents: Documents;
  readonly #keys: Keys;
  readonly #budget: Budget;
  readonly #matching: Matching;

  constructor(documents: Documents, keys: Keys, budgetMs: number, few?: Few) {
    this.#documents = documents;
    this.#keys = keys;
    this.#budget = new Budget(budgetMs);
    this.#matching = new Matching(documents, keys, this.#budget, few);
  }

  async query(query: Query, position: number): Promise<Page> {
    const { type, where, sort = [], limit, after } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new RangeError('a page has 1 to 1,000 documents');
    }
    const place = after === undefined ? undefined : readCursor(query, after);
    const plan = await this.#matching.plan(type, where);
    const ordering = new Ordering(this.#keys, type, sort);
    const found: Row[] = [];
    for await (const row of this.#matching.rows(plan, SHOWN, { ordering, after: place }, limit + 1)) {
      found.push(row);
      if (found.length > limit) break;
    }
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = found.length > limit && last !== undefined;
    return {
      documents: page.map(document),
      ...(more ? { next: writeCursor(query, ordering.place(last)) } : {}),
      ...(query.total ? { total: await this.count(query) } : {}),
      position,
    };
  }

  async count({ type, where }: Pick<Query, 'type' | 'where'>): Promise<number> {
    const plan = await this.#matching.plan(type, where);
    if (plan.checks.length === 0) {
      return this.#documents.countDocuments(plan.filter as mongo.Filter<StoredDocument>, this.#budget.options);
    }
    let count = 0;
    for await (const _ of this.#matching.rows(plan, {}, {}, Infinity)) count += 1;
    return count;
  }

  /** How the database would find a page, in its own words. */
  async explain({ type, where, sort = [], limit, after, ...query }: Query): Promise<mongo.Document> {
    const { filter } = await this.#matching.plan(type, where);
    const ordering = new Ordering(this.#keys, type, sort);
    const place =
      after === undefined ? undefined : readCursor({ ...query, type, ...(where && { where }), sort, limit }, after);
    return explainCandidates(this.#documents, { filter, ordering, after: place, limit, fields: SHOWN }, this.#budget);
  }

  async get({ type, id }: DocumentKey): Promise<Document | undefined> {
    const [found] = await this.getMany([{ type, id }]);
    return found;
  }

  async getMany(keys: readonly DocumentKey[]): Promise<Document[]> {
    const ids = [...new Set(keys.map(({ type, id }) => `${type}/${id}`))];
    const rows: Row[] = [];
    for (let from = 0; from < ids.length; from += KEYS_AT_ONCE) {
      const filter = anyId(ids.slice(from, from + KEYS_AT_ONCE));
      rows.push(...(await this.#all(filter, SHOWN)));
    }
    return rows.map(document);
  }

  async referredTo(
    from: readonly DocumentKey[],
    param: string,
    targetType: string | undefined,
    limit: number,
  ): Promise<Document[]> {
    const rows = await this.#all(anyId(from.map(({ type, id }) => `${type}/${id}`)), { t: 1, e: 1 });
    const targets = rows.flatMap((row) => {
      const start = referenceText(this.#keys.name(row['t'] as string, param), targetType ?? '', '').slice(
        0,
        targetType === undefined ? -1 : undefined,
      );
      const texts = row['e'] as readonly string[];
      return texts.filter((text) => text.startsWith(start)).map((text) => text.slice(text.indexOf(' ') + 1));
    });
    return this.#first(anyId([...new Set(targets)]), limit);
  }

  async referringTo(to: readonly DocumentKey[], type: string, param: string, limit: number): Promise<Document[]> {
    const pairs = to.map((key) => this.#keys.found(type, param, 'reference', key.type, key.id));
    return this.#first(ofType(type, anyPair(pairs)), limit);
  }

  /** Without those that were removed. */
  async #all(filter: Filter, fields: Fields): Promise<Row[]> {
    const rows = await candidates(this.#documents, { filter, fields }, this.#budget).toArray();
    return rows.filter((row) => row['t'] !== undefined);
  }

  async #first(filter: Filter, limit: number): Promise<Document[]> {
    const ordering = new Ordering(this.#keys, '', []);
    const there = { ...filter, ...('t' in filter ? {} : { t: { $exists: true } }) };
    const asked = { filter: there, ordering, limit, fields: SHOWN };
    return (await candidates(this.#documents, asked, this.#budget).toArray()).map(document);
  }
}

function document(row: Row): Document {
  const { t, sub, u, pos, b } = row as unknown as StoredDocument;
  return {
    type: t,
    id: row._id.slice(t.length + 1),
    body: b,
    ...(sub === null ? {} : { subject: sub }),
    position: pos,
    lastUpdated: u,
  };
}
