import type { Query, SortKey } from '../query.ts';
import type { Place } from './cursor.ts';
import type { Names } from './names.ts';
import type { Planner } from './planner.ts';
import type { Selection } from './postings.ts';
import { afterValues, orderBy, sortValue, walkBy, type Walk } from './sorting.ts';
import { raw, sql, withinBudget, type Fragment } from './sql.ts';

export type Row = readonly (string | number | null)[];

/** Which documents stand on a page, for one query. */
export class Pages {
  readonly #names: Names;
  readonly #planner: Planner;
  readonly #worthSorting: (documents: number) => number;
  readonly #rows: (statement: Fragment) => Row[];

  constructor(
    names: Names,
    planner: Planner,
    worthSorting: (documents: number) => number,
    rows: (statement: Fragment) => Row[],
  ) {
    this.#names = names;
    this.#planner = planner;
    this.#worthSorting = worthSorting;
    this.#rows = rows;
  }

  /** One row more than the limit, when there are more: numbers, each with its sort values. */
  find(query: Query, type: number, after: Place | undefined): Row[] {
    const sort = query.sort ?? [];
    const planner = this.#planner;
    const limit = query.limit + 1;
    const [first] = sort;
    if (first === undefined) {
      const selection = planner.plan(type, query.type, query.where, 'page');
      const rid = raw(selection.rid);
      const later = after === undefined ? raw('') : sql` AND ${rid} > ${after.rid}`;
      return this.#rows(sql`${distinct(selection)}${later} ORDER BY ${rid} LIMIT ${limit}`);
    }
    const selection = planner.plan(type, query.type, query.where, 'few');
    const walk = walkBy(first, type, this.#names);
    if (walk === undefined || selection.estimate < this.#worthSorting(this.#names.documents(type))) {
      return this.#sorted(sort, type, distinct(selection), after, limit);
    }
    return this.#walked(query, sort, type, walk, after, limit);
  }

  /** Everything that matches is gathered, then sorted. */
  #sorted(sort: readonly SortKey[], type: number, found: Fragment, after: Place | undefined, limit: number): Row[] {
    const values = sort.map(
      (key, index) => sql`, ${sortValue(key, type, this.#names, 's.rid')} AS ${raw(`v${index}`)}`,
    );
    const columns = values.reduce((a, b) => sql`${a}${b}`, raw('s.rid AS number'));
    const later = after === undefined ? raw('1') : afterValues(sort, after.values, after.rid);
    return this
      .#rows(sql`WITH found AS MATERIALIZED (SELECT ${columns} FROM (${found}) s WHERE ${withinBudget('s.rid')})
      SELECT * FROM found WHERE ${later} ORDER BY ${orderBy(sort)} LIMIT ${limit}`);
  }

  /** Much matches: documents are taken in the order of the first key's index, then those that have no value. */
  #walked(
    query: Query,
    sort: readonly SortKey[],
    type: number,
    walk: Walk,
    after: Place | undefined,
    limit: number,
  ): Row[] {
    const subject = { alias: 'd', type, typeName: query.type };
    const checks = this.#planner.checks;
    const meets = query.where === undefined ? raw('1') : checks.check(query.where, subject);
    const rows = after?.values[0] === null ? [] : this.#valued(sort, type, walk, meets, after, limit);
    if (rows.length === limit || sort[0]!.param === '_lastUpdated') return rows;
    const without = sql`SELECT d.rid AS rid FROM docs d INDEXED BY docs_type WHERE d.type = ${type}
      AND ${withinBudget('d.rid')} AND ${sortValue(sort[0]!, type, this.#names, 'd.rid')} IS NULL AND ${meets}`;
    const place = after?.values[0] === null ? after : undefined;
    return [...rows, ...this.#sorted(sort, type, without, place, limit - rows.length)];
  }

  #valued(
    sort: readonly SortKey[],
    type: number,
    walk: Walk,
    meets: Fragment,
    after: Place | undefined,
    limit: number,
  ): Row[] {
    const more = sort
      .slice(1)
      .map((key, index) => sql`, ${sortValue(key, type, this.#names, walk.rid)} AS ${raw(`v${index + 1}`)}`);
    const columns = more.reduce((a, b) => sql`${a}${b}`, raw(`${walk.rid} AS number, ${walk.value} AS v0`));
    const start = after?.values[0];
    const bound =
      start === undefined || start === null
        ? raw('1')
        : sql`${raw(walk.value)} ${raw(sort[0]!.descending ? '<=' : '>=')} ${start}`;
    const later = after === undefined ? raw('1') : afterValues(sort, after.values, after.rid);
    return this.#rows(sql`SELECT DISTINCT ${columns} FROM ${walk.from} CROSS JOIN docs d ON d.rid = ${raw(walk.rid)}
      WHERE ${withinBudget(walk.rid)} AND ${walk.where} AND ${bound} AND ${later} AND ${meets} ORDER BY ${orderBy(sort, true)} LIMIT ${limit}`);
  }
}

export const distinct = (selection: Selection): Fragment =>
  sql`SELECT DISTINCT ${raw(selection.rid)} AS rid FROM ${selection.from} WHERE ${selection.where}`;
