import type { Condition, IndexEntry, RangeTest } from '@anamnesis/read-store';

/** A document as a condition sees it. */
export interface SearchedDocument {
  readonly type: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly lastUpdated: number;
  readonly subject?: string;
  readonly entries: readonly IndexEntry[];
}

/** What conditions that reach beyond one document need to know. */
export interface Joins {
  /** The document referred to, if it is stored. */
  find(type: string, id: string): SearchedDocument | undefined;
  /** Every stored document of the type. */
  all(type: string): Iterable<SearchedDocument>;
}

const ALONE: Joins = { find: () => undefined, all: () => [] };

/**
 * Whether a document meets a condition, evaluated in memory: the plain reading of the query language that every read
 * store is compared with, and the second look that conditional writes take at folded state.
 */
export function matches(condition: Condition, document: SearchedDocument, joins: Joins = ALONE): boolean {
  if ('all' in condition) return condition.all.every((one) => matches(one, document, joins));
  if ('any' in condition) return condition.any.some((one) => matches(one, document, joins));
  if ('not' in condition) return !matches(condition.not, document, joins);
  if ('ids' in condition) return condition.ids.includes(document.id);
  if ('lastUpdated' in condition) return inRange(condition.lastUpdated, document.lastUpdated, document.lastUpdated);
  if ('ownerless' in condition) return document.subject === undefined;
  if ('subject' in condition) return document.subject !== undefined && condition.subject.includes(document.subject);
  if ('composite' in condition) return compositeMatches(condition.composite, document);
  if ('referredBy' in condition) return isReferredTo(condition.referredBy, document, joins);
  if ('subjectOf' in condition) return isSubjectOf(condition.subjectOf, document, joins);
  if ('missing' in condition)
    return condition.missing !== document.entries.some((entry) => entry.param === condition.param);
  if ('refersTo' in condition) {
    const { type, where } = condition.refersTo;
    return document.entries.some((entry) => {
      if (entry.kind !== 'reference' || entry.param !== condition.param || entry.type !== type) return false;
      const target = joins.find(type, entry.id);
      return target !== undefined && matches(where, target, joins);
    });
  }
  return document.entries.some((entry) => entry.param === condition.param && entryMatches(condition, entry));
}

type Simple = Extract<
  Condition,
  { token: unknown } | { string: unknown } | { range: unknown } | { reference: unknown } | { uri: unknown }
>;

function entryMatches(condition: Simple, entry: IndexEntry): boolean {
  if ('token' in condition)
    return (
      entry.kind === 'token' && fits(condition.token.system, entry.system) && fits(condition.token.code, entry.code)
    );
  if ('string' in condition) return entry.kind === 'string' && stringMatches(condition.string, entry);
  if ('reference' in condition) {
    return (
      entry.kind === 'reference' && fits(condition.reference.type, entry.type) && entry.id === condition.reference.id
    );
  }
  if ('uri' in condition) return entry.kind === 'uri' && uriMatches(condition.uri, entry.value);
  if (entry.kind !== 'range' || !fits(condition.system, entry.system) || !fits(condition.code, entry.code))
    return false;
  return inRange(condition.range, entry.low, entry.high);
}

const fits = (wanted: string | undefined, found: string | undefined): boolean =>
  wanted === undefined || wanted === found;

function stringMatches(
  asked: Extract<Simple, { string: unknown }>['string'],
  entry: { readonly value: string; readonly normalised: string },
): boolean {
  if ('exact' in asked) return entry.value === asked.exact;
  return 'prefix' in asked ? entry.normalised.startsWith(asked.prefix) : entry.normalised.includes(asked.contains);
}

/** R4 search 3.1.1.4.9: `:below` is a left match; `:above` the reverse. */
function uriMatches(asked: Extract<Simple, { uri: unknown }>['uri'], value: string): boolean {
  if ('exact' in asked) return value === asked.exact;
  return 'below' in asked ? value.startsWith(asked.below) : asked.above.startsWith(value);
}

/** R4 search 3.1.1.4.5, both sides as closed intervals. */
export function inRange({ prefix, low, high }: RangeTest, from: number, to: number): boolean {
  const contained = low <= from && to <= high;
  switch (prefix) {
    case 'eq':
      return contained;
    case 'ne':
      return !contained;
    case 'gt':
      return to > high;
    case 'lt':
      return from < low;
    case 'ge':
      return to > high || contained;
    case 'le':
      return from < low || contained;
    case 'sa':
      return from > high;
    case 'eb':
      return to < low;
    case 'ap':
      return from <= high && to >= low;
  }
}

function compositeMatches(parts: readonly Condition[], document: SearchedDocument): boolean {
  const tuples = new Set(document.entries.map((entry) => entry.tuple ?? 0));
  tuples.delete(0);
  return [...tuples].some((tuple) => {
    const value = { ...document, entries: document.entries.filter((entry) => entry.tuple === tuple) };
    return parts.every((part) => matches(part, value));
  });
}

function isReferredTo(
  { type, param, where }: { type: string; param: string; where: Condition },
  document: SearchedDocument,
  joins: Joins,
): boolean {
  for (const other of joins.all(type)) {
    const refers = other.entries.some(
      (entry) =>
        entry.kind === 'reference' && entry.param === param && entry.type === document.type && entry.id === document.id,
    );
    if (refers && matches(where, other, joins)) return true;
  }
  return false;
}

function isSubjectOf(
  { type, where }: { type: string; where: Condition },
  document: SearchedDocument,
  joins: Joins,
): boolean {
  if (document.subject === undefined) return false;
  for (const other of joins.all(type))
    if (other.subject === document.subject && matches(where, other, joins)) return true;
  return false;
}
