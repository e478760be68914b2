import type { IndexEntry } from '../entries.ts';
import type { Condition, RangeTest, SortKey } from '../query.ts';

/** What the oracle knows of a document. */
export interface OracleDocument {
  readonly type: string;
  readonly id: string;
  readonly subject?: string;
  readonly lastUpdated: number;
  readonly entries: readonly IndexEntry[];
}

type World = readonly OracleDocument[];
type OfParam = Extract<Condition, { param: string }>;

/** The query language read plainly, over every document in turn: slow, and short enough to be seen to be right. */
export function meets(condition: Condition, document: OracleDocument, world: World, tuple?: number): boolean {
  const also = (other: Condition, of = document) => meets(other, of, world, of === document ? tuple : undefined);
  if ('all' in condition) return condition.all.every((part) => also(part));
  if ('any' in condition) return condition.any.some((part) => also(part));
  if ('not' in condition) return !also(condition.not);
  if ('ids' in condition) return condition.ids.includes(document.id);
  if ('subject' in condition) return document.subject !== undefined && condition.subject.includes(document.subject);
  if ('ownerless' in condition) return document.subject === undefined;
  if ('lastUpdated' in condition) return compares(condition.lastUpdated, document.lastUpdated, document.lastUpdated);
  if ('composite' in condition) {
    const tuples = tuple === undefined ? document.entries.flatMap((entry) => entry.tuple ?? []) : [tuple];
    return tuples.some((one) => condition.composite.every((part) => meets(part, document, world, one)));
  }
  if ('referredBy' in condition) {
    const { type, param, where } = condition.referredBy;
    return world.some((other) => other.type === type && refers(other, param, document) && meets(where, other, world));
  }
  if ('subjectOf' in condition) {
    const { type, where } = condition.subjectOf;
    const same = (other: OracleDocument) => other.type === type && other.subject === document.subject;
    return document.subject !== undefined && world.some((other) => same(other) && meets(where, other, world));
  }
  const entries = document.entries.filter(
    (entry) => entry.param === condition.param && (tuple === undefined || entry.tuple === tuple),
  );
  if ('missing' in condition) return condition.missing === (entries.length === 0);
  return entries.some((entry) => fits(condition, entry, world));
}

function fits(condition: OfParam, entry: IndexEntry, world: World): boolean {
  const same = (wanted: string | undefined, actual: string | undefined) =>
    wanted === undefined || wanted === (actual ?? '');
  if ('token' in condition && entry.kind === 'token') {
    return same(condition.token.system, entry.system) && same(condition.token.code, entry.code);
  }
  if ('reference' in condition && entry.kind === 'reference') {
    return same(condition.reference.type, entry.type) && entry.id === condition.reference.id;
  }
  if ('refersTo' in condition && entry.kind === 'reference') {
    const { type, where } = condition.refersTo;
    const target = world.find((other) => other.type === type && other.id === entry.id);
    return entry.type === type && target !== undefined && meets(where, target, world);
  }
  if ('string' in condition && entry.kind === 'string') {
    if ('exact' in condition.string) return entry.value === condition.string.exact;
    if ('prefix' in condition.string) return entry.normalised.startsWith(condition.string.prefix);
    return entry.normalised.includes(condition.string.contains);
  }
  if ('uri' in condition && entry.kind === 'uri') {
    if ('exact' in condition.uri) return entry.value === condition.uri.exact;
    if ('below' in condition.uri) return entry.value.startsWith(condition.uri.below);
    return condition.uri.above.startsWith(entry.value);
  }
  if ('range' in condition && entry.kind === 'range') {
    const unit = same(condition.system, entry.system) && same(condition.code, entry.code);
    return unit && compares(condition.range, entry.low, entry.high);
  }
  return false;
}

/** R4 search section 3.1.1.4.5: what was asked for is [test.low, test.high], the document's value [low, high]. */
function compares(test: RangeTest, low: number, high: number): boolean {
  const contained = test.low <= low && high <= test.high;
  return {
    eq: contained,
    ne: !contained,
    gt: high > test.high,
    lt: low < test.low,
    ge: contained || high > test.high,
    le: contained || low < test.low,
    sa: low > test.high,
    eb: high < test.low,
    ap: low <= test.high && high >= test.low,
  }[test.prefix];
}

const refers = (from: OracleDocument, param: string, to: OracleDocument) =>
  from.entries.some(
    (entry) => entry.kind === 'reference' && entry.param === param && entry.type === to.type && entry.id === to.id,
  );

/** The documents of the type that meet the condition, in the order of the world, then of the sort keys. */
export function matching(
  world: World,
  type: string,
  where?: Condition,
  sort: readonly SortKey[] = [],
): OracleDocument[] {
  const all = world.filter(
    (document) => document.type === type && (where === undefined || meets(where, document, world)),
  );
  if (sort[0]?.descending) all.reverse();
  return all.sort((a, b) => {
    for (const key of sort) {
      const order = compareBy(key, sortValue(key, a), sortValue(key, b));
      if (order !== 0) return order;
    }
    return 0;
  });
}

type SortValue = string | number | undefined;

/** The least value when ascending, the greatest when descending; an interval by where it begins. */
function sortValue({ param, descending }: SortKey, document: OracleDocument): SortValue {
  if (param === '_id') return document.id;
  if (param === '_lastUpdated') return document.lastUpdated;
  const values = document.entries.filter((entry) => entry.param === param).map(entryValue);
  return values.sort(compare)[descending ? values.length - 1 : 0];
}

function entryValue(entry: IndexEntry): string | number {
  if (entry.kind === 'token') return entry.code;
  if (entry.kind === 'reference') return entry.id;
  if (entry.kind === 'range') return entry.low;
  return entry.kind === 'uri' ? entry.value : entry.normalised;
}

/** Text by code points, as UTF-8 has it. */
function compare(a: string | number, b: string | number): number {
  // Not by subtraction: there is no telling infinities apart by it.
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : Number(a > b);
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function compareBy({ descending }: SortKey, a: SortValue, b: SortValue): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return descending ? compare(b, a) : compare(a, b);
}
