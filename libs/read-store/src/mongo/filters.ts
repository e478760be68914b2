import { afterPrefix } from '../embedded/sql.ts';

/** A filter of MongoDB's query language. Values never become operators: each stands behind one. */
export type Filter = Readonly<Record<string, unknown>>;

export const ALL: Filter = {};
/** No hash is negative. */
export const NONE: Filter = { k: -1 };

const isAll = (filter: Filter): boolean => Object.keys(filter).length === 0;

/** One filter with a clause for each field, as far as fields differ: then planners need not look into `$and`. */
export function and(filters: readonly Filter[]): Filter {
  const merged: Record<string, unknown> = {};
  const rest: Filter[] = [];
  for (const filter of filters) {
    if (filter === NONE) return NONE;
    const names = Object.keys(filter);
    if (names.length === 1 && names[0] === '$and') rest.push(...(filter['$and'] as Filter[]));
    else if (names.some((name) => name in merged)) rest.push(filter);
    else Object.assign(merged, filter);
  }
  return rest.length === 0 ? merged : { ...merged, $and: rest };
}

export function or(filters: readonly Filter[]): Filter {
  if (filters.some(isAll)) return ALL;
  const hashes: number[] = [];
  const pairs: Pair[] = [];
  const rest: Filter[] = [];
  for (const filter of filters) {
    if (filter === NONE) continue;
    const found = asHashes(filter);
    const paired = asPairs(filter);
    if (found !== undefined) hashes.push(...found);
    else if (paired !== undefined) pairs.push(...paired);
    else rest.push(filter);
  }
  if (pairs.length > 0) rest.unshift(anyPair(pairs));
  if (hashes.length > 0) rest.unshift(anyHash(hashes));
  if (rest.length === 0) return NONE;
  return rest.length === 1 ? rest[0]! : { $or: rest };
}

export function not(filter: Filter): Filter {
  if (filter === NONE) return ALL;
  return isAll(filter) ? NONE : { $nor: [filter] };
}

/** The hashes that a filter asks for any of, when it asks for nothing else. */
function asHashes(filter: Filter): readonly number[] | undefined {
  const names = Object.keys(filter);
  if (names.length !== 1 || names[0] !== 'k') return undefined;
  const asked = filter['k'] as number | { $in: number[] };
  return typeof asked === 'number' ? [asked] : asked.$in;
}

export const hasHash = (hash: number): Filter => ({ k: hash });

export function anyHash(hashes: readonly number[]): Filter {
  if (hashes.length === 0) return NONE;
  return hashes.length === 1 ? hasHash(hashes[0]!) : { k: { $in: [...new Set(hashes)] } };
}

export const anyId = (ids: readonly string[]): Filter => (ids.length === 0 ? NONE : { _id: { $in: ids } });

/** A hash that an index finds, and one that a document with it must have as well. */
export type Pair = readonly [found: number, narrowed: number];

/** Whichever pair a document has, it has what that one is found by: so two lists say it. */
export function anyPair(pairs: readonly Pair[]): Filter {
  if (pairs.length === 0) return NONE;
  const [[k, y]] = pairs as readonly [Pair];
  if (pairs.length === 1) return { k, y };
  const all = (of: 0 | 1) => ({ $in: [...new Set(pairs.map((pair) => pair[of]))] });
  return { k: all(0), y: all(1) };
}

/** The pairs that a filter of `anyPair` asks for any of; lists of them are not told apart again. */
function asPairs(filter: Filter): readonly Pair[] | undefined {
  const { k, y } = filter;
  if (Object.keys(filter).length !== 2 || typeof k !== 'number' || typeof y !== 'number') return undefined;
  return [[k, y]];
}

/** Some text of the document lies between: as one element, or two elements could meet an end each. */
export const hasText = (bounds: Filter): Filter => ({ s: { $elemMatch: bounds } });

export function textFrom(prefix: string): Filter {
  const end = afterPrefix(prefix);
  return hasText(end === undefined ? { $gte: prefix } : { $gte: prefix, $lt: end });
}
