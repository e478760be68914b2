import type { Condition, RangeTest } from '../query.ts';
import { hash31, hash53, type Seed } from './hash.ts';
import { finite } from './index-rows.ts';
import type { Kind, Names } from './names.ts';
import { NARROW } from './schema.ts';
import { afterPrefix, joined, raw, sql, TRUE, type Fragment } from './sql.ts';

/** A condition on one parameter's rows, with the same meaning whether a document is looked at or looked for. */
export interface Leaf {
  readonly table: 'tokens' | 'strings' | 'ranges';
  readonly param: number;
  /** On a row of the table, under the alias. */
  predicate(alias: string): Fragment;
  /** How to find rows by value: the index, what bounds it, and whether the rows then come in the order of `rid`. */
  readonly seeks: readonly Seek[];
}

export interface Seek {
  readonly index: string;
  readonly ordered: boolean;
  bounds(alias: string): Fragment;
}

type ParamCondition = Extract<Condition, { param: string }>;
const TABLES = { token: 'tokens', reference: 'tokens', string: 'strings', uri: 'strings', range: 'ranges' } as const;
const INDEXES = { tokens: 'tokens_code', strings: 'strings_normalised', ranges: 'ranges_low' } as const;

/** The leaves that a document meets the condition by any of; none: no document of the type has such entries. */
export function leaves(condition: ParamCondition, type: number, names: Names, seed: Seed): readonly Leaf[] {
  if ('missing' in condition) {
    return names.params(type, condition.param).map(({ param, kind }) => presence(param, kind));
  }
  const of = (kind: Kind, make: (param: number) => Leaf): readonly Leaf[] => {
    const param = names.param(type, condition.param, kind);
    return param === undefined ? [] : [make(param)];
  };
  if ('token' in condition) {
    const { system, code } = condition.token;
    return of('token', (param) => token(param, seed, system, code));
  }
  if ('reference' in condition) {
    return of('reference', (param) => token(param, seed, condition.reference.type, condition.reference.id));
  }
  if ('string' in condition) return of('string', (param) => string(param, seed, condition.string));
  if ('uri' in condition) return of('uri', (param) => uri(param, condition.uri));
  if ('range' in condition) {
    return of('range', (param) => range(param, seed, condition.range, condition.system, condition.code));
  }
  throw new TypeError('a chain is no condition on one document');
}

function presence(param: number, kind: Kind): Leaf {
  const table = TABLES[kind];
  return leaf(table, param, () => TRUE, [{ index: INDEXES[table], ordered: false, bounds: () => TRUE }]);
}

function leaf(table: Leaf['table'], param: number, predicate: Leaf['predicate'], seeks: readonly Seek[]): Leaf {
  return { table, param, predicate, seeks };
}

function token(param: number, seed: Seed, system: string | undefined, code: string | undefined): Leaf {
  const predicate = (alias: string) =>
    joined(
      [
        ...(code === undefined ? [] : [sql`${raw(alias)}.code = ${hash53(seed, code)}`]),
        ...(system === undefined ? [] : [sql`${raw(alias)}.system = ${hash31(seed, system)}`]),
      ],
      'AND',
    );
  return leaf('tokens', param, predicate, [{ index: 'tokens_code', ordered: code !== undefined, bounds: predicate }]);
}

function string(param: number, seed: Seed, test: Extract<Condition, { string: unknown }>['string']): Leaf {
  if ('exact' in test) {
    const predicate = (alias: string) => sql`${raw(alias)}.exact = ${hash53(seed, test.exact)}`;
    const bounds = (alias: string) => sql`${predicate(alias)} AND ${raw(alias)}.exact <> 0`;
    return leaf('strings', param, predicate, [{ index: 'strings_exact', ordered: true, bounds }]);
  }
  const predicate =
    'prefix' in test
      ? (alias: string) => startsWith(alias, test.prefix)
      : // Never LIKE or GLOB: what was asked for is compared as it is, in linear time, whatever characters it has.
        (alias: string) => sql`instr(${raw(alias)}.normalised, ${test.contains}) > 0`;
  return leaf('strings', param, predicate, [{ index: 'strings_normalised', ordered: false, bounds: predicate }]);
}

function startsWith(alias: string, prefix: string): Fragment {
  const end = afterPrefix(prefix);
  const from = sql`${raw(alias)}.normalised >= ${prefix}`;
  return end === undefined ? from : sql`${from} AND ${raw(alias)}.normalised < ${end}`;
}

/** R4 search section 3.1.1.4.9: `:below` is a match from the left, `:above` the reverse. */
function uri(param: number, test: Extract<Condition, { uri: unknown }>['uri']): Leaf {
  const seek = (ordered: boolean, bounds: Leaf['predicate']): Seek[] => [
    { index: 'strings_normalised', ordered, bounds },
  ];
  if ('exact' in test) {
    const predicate = (alias: string) => sql`${raw(alias)}.normalised = ${test.exact}`;
    return leaf('strings', param, predicate, seek(true, predicate));
  }
  if ('above' in test) {
    const predicate = (alias: string) =>
      sql`${raw(alias)}.normalised = substr(${test.above}, 1, length(${raw(alias)}.normalised))`;
    const bounds = (alias: string) => sql`${raw(alias)}.normalised <= ${test.above} AND ${predicate(alias)}`;
    return leaf('strings', param, predicate, seek(false, bounds));
  }
  const predicate = (alias: string) => startsWith(alias, test.below);
  return leaf('strings', param, predicate, seek(false, predicate));
}

/** Quantities also by their unit. */
function range(param: number, seed: Seed, test: RangeTest, system: string | undefined, code: string | undefined): Leaf {
  const unit = (alias: string): Fragment[] => [
    ...(system === undefined ? [] : [sql`${raw(alias)}.system = ${hash31(seed, system)}`]),
    ...(code === undefined ? [] : [sql`${raw(alias)}.code = ${hash31(seed, code)}`]),
  ];
  const predicate = (alias: string) =>
    joined([rangePredicate(test, raw(`${alias}.low`), raw(`${alias}.high`)), ...unit(alias)], 'AND');
  const seeks = rangeSeeks(test).map(({ index, bounds }): Seek => ({
    index,
    ordered: false,
    bounds: (alias) => sql`${bounds(alias)} AND ${predicate(alias)}`,
  }));
  return leaf('ranges', param, predicate, seeks);
}

/** R4 search section 3.1.1.4.5, on closed intervals: [low, high] is the document's, the test's is what was asked for. */
export function rangePredicate(test: RangeTest, low: Fragment, high: Fragment): Fragment {
  const from = finite(test.low);
  const to = finite(test.high);
  switch (test.prefix) {
    case 'eq':
      return sql`(${low} >= ${from} AND ${high} <= ${to})`;
    case 'ne':
      return sql`(${low} < ${from} OR ${high} > ${to})`;
    case 'gt':
      return sql`${high} > ${to}`;
    case 'lt':
      return sql`${low} < ${from}`;
    case 'ge':
      return sql`(${high} > ${to} OR (${low} >= ${from} AND ${high} <= ${to}))`;
    case 'le':
      return sql`(${low} < ${from} OR (${low} >= ${from} AND ${high} <= ${to}))`;
    case 'sa':
      return sql`${low} > ${to}`;
    case 'eb':
      return sql`${high} < ${from}`;
    case 'ap':
      return sql`(${low} <= ${to} AND ${high} >= ${from})`;
  }
}

type RangeSeek = Pick<Seek, 'index' | 'bounds'>;

/** What the test implies for one end of the interval; the whole predicate stands beside it. */
function rangeSeeks(test: RangeTest): readonly RangeSeek[] {
  const from = finite(test.low);
  const to = finite(test.high);
  const low = (bounds: (column: Fragment) => Fragment): RangeSeek[] => [
    { index: 'ranges_low', bounds: (alias) => bounds(raw(`${alias}.low`)) },
  ];
  switch (test.prefix) {
    case 'eq':
      return low((column) => sql`${column} BETWEEN ${from} AND ${to}`);
    case 'lt':
      return low((column) => sql`${column} < ${from}`);
    case 'le':
    case 'ap':
      return test.prefix === 'ap' ? highAtLeast(from, to) : low((column) => sql`${column} <= ${to}`);
    case 'eb':
      return low((column) => sql`${column} < ${from}`);
    case 'sa':
      return low((column) => sql`${column} > ${to}`);
    case 'gt':
      return highAtLeast(to);
    case 'ge':
      return highAtLeast(from);
    case 'ne':
      return low(() => TRUE);
  }
}

/**
 * Narrow intervals whose high end is at least `bound` begin at most a day before it (two days here: rounding is then no
 * matter); the wide ones have their own index.
 */
function highAtLeast(bound: number, lowAtMost?: number): readonly RangeSeek[] {
  const upTo = (alias: string) => (lowAtMost === undefined ? TRUE : sql`${raw(alias)}.low <= ${lowAtMost}`);
  return [
    {
      index: 'ranges_low',
      bounds: (alias) =>
        sql`${raw(alias)}.low >= ${bound - 2 * NARROW} AND ${upTo(alias)} AND ${raw(`${alias}.high - ${alias}.low <= ${NARROW}`)}`,
    },
    {
      index: 'ranges_high',
      bounds: (alias) => sql`${raw(alias)}.high >= ${bound} AND ${raw(`${alias}.high - ${alias}.low > ${NARROW}`)}`,
    },
  ];
}
