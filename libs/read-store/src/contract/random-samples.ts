import fc, { type Arbitrary } from 'fast-check';
import type { IndexEntry } from '../entries.ts';
import type { Condition, Query, RangeTest, SortKey } from '../query.ts';

/** Small worlds: few types, ids, parameters and values, so that things meet. */
const TYPES = ['Patient', 'Encounter', 'Observation'] as const;
const type = fc.constantFrom(...TYPES);
const id = fc.integer({ min: 0, max: 11 }).map(String);
const subject = fc.constantFrom('s0', 's1', 's2');
const code = fc.constantFrom('x', 'y', 'z');
const system = fc.constantFrom('', 'http://one', 'http://two');
const word = fc.constantFrom('', 'a', 'Ann', 'ann', 'Anna', 'bob', 'Bö', '\u{1F600}', '\uFFFD', 'a%b', "o'n");
const address = fc.constantFrom('http://a', 'http://a/b', 'http://a/b/', 'http://a/bc', 'urn:oid:1', '');
const DAY = 86_400_000;
const bound = fc.constantFrom(
  -Infinity,
  -5,
  -0.1,
  0,
  0.1,
  0.30000000000000004,
  1,
  2,
  3,
  DAY,
  DAY + 1,
  3 * DAY,
  Infinity,
);
const interval = fc.tuple(bound, bound).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
const normalised = (value: string) => value.toLowerCase();

const entry: Arbitrary<IndexEntry> = fc.oneof(
  fc.record({ kind: fc.constant('token' as const), param: fc.constantFrom('t', 'c$t'), system, code }),
  word.map((value) => ({ kind: 'string' as const, param: 'n', value, normalised: normalised(value) })),
  fc
    .tuple(fc.constantFrom('d', 'c$d'), interval, fc.option(fc.record({ system, code }), { nil: {} }))
    .map(([param, ends, unit]) => ({ kind: 'range' as const, param, ...ends, ...unit })),
  fc.record({ kind: fc.constant('reference' as const), param: fc.constantFrom('r', 'r2'), type, id }),
  address.map((value) => ({ kind: 'uri' as const, param: 'u', value })),
);

const tupled = fc
  .tuple(entry, fc.integer({ min: 0, max: 2 }))
  .map(([one, tuple]): IndexEntry => (tuple > 0 && one.param.startsWith('c$') ? { ...one, tuple } : one));

export type Draft =
  | {
      readonly type: string;
      readonly id: string;
      readonly subject?: string;
      readonly lastUpdated: number;
      readonly entries: IndexEntry[];
    }
  | { readonly remove: true; readonly type: string; readonly id: string }
  | { readonly purge: string };

const putDraft = fc
  .record({
    type,
    id,
    subject: fc.option(subject),
    lastUpdated: fc.integer({ min: 0, max: 6 }),
    entries: fc.array(tupled, { maxLength: 10 }),
  })
  .map(({ subject: of, ...draft }): Draft => ({ ...draft, ...(of === null ? {} : { subject: of }) }));

/** One batch. */
export const operations = fc.array(
  fc.oneof(
    { weight: 40, arbitrary: putDraft },
    { weight: 4, arbitrary: fc.record({ remove: fc.constant(true as const), type, id }) },
    { weight: 1, arbitrary: fc.record({ purge: subject }) },
  ),
  { minLength: 4, maxLength: 16 },
) as Arbitrary<Draft[]>;

const rangeTest: Arbitrary<RangeTest> = fc
  .tuple(fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'), interval)
  .map(([prefix, ends]) => ({ prefix: prefix as RangeTest['prefix'], ...ends }));

const some = <T>(value: Arbitrary<T>) => fc.option(value, { nil: undefined });
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;

function onParam(composite: boolean): Arbitrary<Condition> {
  const prefix = composite ? 'c$' : '';
  const token = fc.tuple(some(system), some(code)).map(([of, is]) => defined({ system: of, code: is }));
  return fc.oneof(
    token.map((test) => ({ param: `${prefix}t`, token: test })),
    fc
      .tuple(rangeTest, some(system), some(code))
      .map(([test, of, is]) => defined({ param: `${prefix}d`, range: test, system: of, code: is })),
  ) as Arbitrary<Condition>;
}

const leaf = fc.oneof(
  { weight: 4, arbitrary: onParam(false) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('prefix', 'contains'), word)
      .map(([how, value]) => ({ param: 'n', string: { [how]: normalised(value) } })),
  },
  { weight: 1, arbitrary: word.map((exact) => ({ param: 'n', string: { exact } })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('exact', 'below', 'above'), address)
      .map(([how, value]) => ({ param: 'u', uri: { [how]: value } })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('r', 'r2'), some(type), id)
      .map(([param, of, is]) => ({ param, reference: defined({ type: of, id: is }) })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ param: fc.constantFrom('t', 'n', 'd', 'r', 'u', 'none'), missing: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.array(id, { maxLength: 5 }).map((ids) => ({ ids })) },
  { weight: 1, arbitrary: fc.array(subject, { maxLength: 2 }).map((of) => ({ subject: of })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 3 }),
      )
      .map(([prefix, low, more]) => ({ lastUpdated: { prefix, low, high: low + more } })),
  },
  { weight: 2, arbitrary: fc.tuple(onParam(true), onParam(true)).map((composite) => ({ composite })) },
) as Arbitrary<Condition>;

const condition = fc.letrec<{ any: Condition }>((tie) => {
  const parts = fc.array(tie('any'), { maxLength: 3 });
  const where = tie('any');
  const branch = fc.oneof(
    parts.map((all) => ({ all })),
    parts.map((any) => ({ any })),
    where.map((not) => ({ not })),
    fc.record({ param: fc.constantFrom('r', 'r2'), refersTo: fc.record({ type, where }) }),
    fc.record({ referredBy: fc.record({ type, param: fc.constantFrom('r', 'r2'), where }) }),
    fc.record({ subjectOf: fc.record({ type, where }) }),
    fc.constant<Condition>({ ownerless: true }),
  ) as Arbitrary<Condition>;
  return {
    any: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      { weight: 3, arbitrary: leaf },
      { weight: 2, arbitrary: branch },
    ),
  };
}).any;

const sortKey: Arbitrary<SortKey> = fc.record({
  param: fc.constantFrom('t', 'n', 'd', 'r', 'u', '_id', '_lastUpdated', 'none'),
  descending: fc.boolean(),
});

export const queries: Arbitrary<Query> = fc
  .record({
    type: fc.constantFrom(...TYPES),
    where: fc.option(condition, { nil: undefined, freq: 9 }),
    sort: fc.array(sortKey, { maxLength: 2 }),
    limit: fc.integer({ min: 1, max: 6 }),
  })
  .map((query) => defined(query) as Query);
