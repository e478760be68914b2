import type { SQLInputValue } from 'node:sqlite';
import type { SortKey } from '../query.ts';
import type { Names } from './names.ts';
import { joined, raw, sql, type Fragment } from './sql.ts';

const COLUMNS = {
  token: ['tokens', 'text'],
  reference: ['tokens', 'text'],
  string: ['strings', 'normalised'],
  uri: ['strings', 'normalised'],
  range: ['ranges', 'low'],
} as const;

/**
 * What a document is sorted by, as an expression over its number: its least value when ascending, its greatest when
 * descending (R4 search section 3.1.1.5.5), NULL when it has none. An interval is sorted by where it begins.
 */
export function sortValue(key: SortKey, type: number, names: Names, rid: string): Fragment {
  if (key.param === '_id') return raw(`(SELECT id FROM bodies WHERE rid = ${rid})`);
  if (key.param === '_lastUpdated') return raw(`(SELECT last_updated FROM docs WHERE rid = ${rid})`);
  const values = names.params(type, key.param).map(({ param, kind }) => {
    const [table, column] = COLUMNS[kind];
    return sql`(SELECT ${raw(`${key.descending ? 'max' : 'min'}(${column})`)} FROM ${raw(table)} WHERE rid = ${raw(rid)} AND param = ${param})`;
  });
  if (values.length === 0) return raw('NULL');
  return values.length === 1 ? values[0]! : sql`coalesce(${values.reduce((a, b) => sql`${a}, ${b}`)})`;
}

/** Documents that sort alike stand in the order of their numbers, in the direction of the first key. */
export const ridDescends = (sort: readonly SortKey[]): boolean => sort[0]?.descending ?? false;

/** Of columns `v0`, `v1`, ... and `number`; a document without a value comes last either way. */
export function orderBy(sort: readonly SortKey[], firstIsThere = false): Fragment {
  const keys = sort.map(({ descending }, index) => {
    const byValue = `v${index}${descending ? ' DESC' : ''}`;
    return firstIsThere && index === 0 ? byValue : `v${index} IS NULL, ${byValue}`;
  });
  return raw([...keys, `number${ridDescends(sort) ? ' DESC' : ''}`].join(', '));
}

/** Rows after the one with these values, in the order of `orderBy`: later in the first key that differs. */
export function afterValues(sort: readonly SortKey[], values: readonly SQLInputValue[], rid: number): Fragment {
  const alternatives: Fragment[] = [];
  const equal: Fragment[] = [];
  sort.forEach(({ descending }, index) => {
    const column = raw(`v${index}`);
    const value = values[index] as string | number | null;
    if (value !== null) {
      const beyond = sql`(${column} ${raw(descending ? '<' : '>')} ${value} OR ${column} IS NULL)`;
      alternatives.push(joined([...equal, beyond], 'AND'));
    }
    equal.push(value === null ? sql`${column} IS NULL` : sql`${column} = ${value}`);
  });
  alternatives.push(joined([...equal, sql`number ${raw(ridDescends(sort) ? '<' : '>')} ${rid}`], 'AND'));
  return joined(alternatives, 'OR');
}

/** An index that has the documents in the order of a sort key: its rows' number and value. */
export interface Walk {
  readonly from: Fragment;
  readonly where: Fragment;
  readonly rid: string;
  readonly value: string;
}

/** Undefined: no index has this order (codes are kept as hashes). */
export function walkBy(key: SortKey, type: number, names: Names): Walk | undefined {
  if (key.param === '_lastUpdated') {
    const where = sql`w.type = ${type}`;
    return { from: raw('docs w INDEXED BY docs_updated'), where, rid: 'w.rid', value: 'w.last_updated' };
  }
  const [only, ...more] = names.params(type, key.param);
  if (only === undefined || more.length > 0) return undefined;
  const [table, column] = COLUMNS[only.kind];
  if (table === 'tokens') return undefined;
  const index = table === 'strings' ? 'strings_normalised' : 'ranges_low';
  return {
    from: raw(`${table} w INDEXED BY ${index}`),
    // A document of several values stands where its least (or greatest) one does, once.
    where: sql`w.param = ${only.param} AND ${raw(`w.${column}`)} = ${sortValue(key, type, names, 'w.rid')}`,
    rid: 'w.rid',
    value: `w.${column}`,
  };
}
