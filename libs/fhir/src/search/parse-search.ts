import type { Condition, SortKey } from '@anamnesis/read-store';
import { criterion } from './query-criteria.ts';
import { QueryContext } from './query-context.ts';
import type { Terminology } from './query-context.ts';
import { badModifier, badValue, expressionOf, QueryProblem } from './query-issue.ts';
import type { SearchIssue } from './query-issue.ts';
import { DEFAULT_LIMITS } from './query-limits.ts';
import type { SearchLimits } from './query-limits.ts';
import {
  containedOf,
  countOf,
  elementsOf,
  includeOf,
  revincludesOf,
  sortOf,
  summaryOf,
  totalOf,
} from './query-result.ts';
import type { Include, Summary, Total } from './query-result.ts';
import { splitEscaped, splitName } from './query-text.ts';
import { isResourceType } from './parameters.ts';

/** A query's parameters in order, decoded. */
export type QueryParams = readonly (readonly [name: string, value: string])[];

export interface ParseOptions {
  /** What becomes of parameters that are not defined: refused, or left out and listed (R4 search 3.1.1.2). */
  readonly handling: 'strict' | 'lenient';
  /** Milliseconds since the epoch; the `ap` prefix on dates needs it. */
  readonly now: number;
  readonly limits?: Partial<SearchLimits>;
  /** The record's own base URLs, without a slash at the end. */
  readonly ownBases?: readonly string[];
  /** For `:in`, `:not-in`, `:above` and `:below`. */
  readonly terminology?: Terminology;
  /** What limits the documents of a type that chains and `_has` may pass through: who may see whom. */
  readonly scope?: (type: string) => Condition | undefined;
  /** Further names that the caller reads itself. */
  readonly passOver?: readonly string[];
}

export interface ParsedSearch {
  readonly type: string;
  readonly where?: Condition;
  readonly sort: readonly SortKey[];
  /** Resources a page; 0: only the count was asked for. */
  readonly count: number;
  readonly total?: Total;
  readonly includes: readonly Include[];
  readonly revincludes: readonly Include[];
  readonly summary?: Summary;
  readonly elements?: readonly string[];
  /** Types that chains and `_has` pass through, each once: whoever asks must be allowed to search them. */
  readonly joinedTypes: readonly string[];
  /** Names that were left out, when handling is lenient. */
  readonly unknown: readonly string[];
  /** What was understood, for the link `self`. */
  readonly selfLinkParams: QueryParams;
}

/** What was read, or everything that is wrong with it. */
export type SearchReading = ParsedSearch | { readonly issues: readonly SearchIssue[] };

/** Read by the HTTP layer, not here. */
const FORMAT = new Set(['_format', '_pretty']);
/** Parameters that shape the result; no part of a condition. */
const RESULT = new Set([
  '_sort',
  '_count',
  '_total',
  '_include',
  '_revinclude',
  '_summary',
  '_elements',
  '_contained',
  '_containedType',
  ...FORMAT,
]);

interface Draft {
  readonly all: Condition[];
  readonly includes: Include[];
  readonly revincludes: Include[];
  sort?: SortKey[];
  count?: number;
  total?: Total;
  summary?: Summary;
  elements?: string[];
}

/**
 * Reads a search on one type. Every fault is an issue with a constant text and `http.<parameter>`; nothing is thrown,
 * whatever the input, except what the given terminology throws.
 */
export async function parseSearch(type: string, params: QueryParams, options: ParseOptions): Promise<SearchReading> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  if (!isResourceType(type)) return oneIssue('not-supported', 'There is no such resource type in R4.');
  if (params.length > limits.parameters) return oneIssue('too-costly', 'The query has too many parameters.');
  const context = new QueryContext(limits, options);
  const draft: Draft = { all: [], includes: [], revincludes: [] };
  const issues: SearchIssue[] = [];
  const unknown: string[] = [];
  const understood: (readonly [string, string])[] = [];
  for (const [name, value] of params) {
    if (FORMAT.has(name) || options.passOver?.includes(name)) continue;
    try {
      await read(type, name, value, draft, context);
      understood.push([name, value]);
    } catch (error) {
      if (!(error instanceof QueryProblem)) throw error;
      if (error.unknown && options.handling === 'lenient') unknown.push(name);
      else issues.push({ code: error.code, diagnostics: error.message, expression: expressionOf(name) });
    }
  }
  return issues.length > 0 ? { issues } : finish(type, draft, context, unknown, understood);
}

function finish(
  type: string,
  draft: Draft,
  context: QueryContext,
  unknown: readonly string[],
  selfLinkParams: QueryParams,
): ParsedSearch {
  const {
    all,
    sort = [],
    count = context.limits.countDefault,
    includes,
    revincludes,
    total,
    summary,
    elements,
  } = draft;
  return {
    type,
    sort,
    count: summary === 'count' ? 0 : count,
    includes,
    revincludes,
    joinedTypes: [...context.joinedTypes],
    unknown,
    selfLinkParams,
    ...(all.length === 0 ? {} : { where: all.length === 1 ? all[0]! : { all } }),
    ...(total === undefined ? {} : { total }),
    ...(summary === undefined ? {} : { summary }),
    ...(elements === undefined ? {} : { elements }),
  };
}

async function read(type: string, name: string, value: string, draft: Draft, context: QueryContext): Promise<void> {
  if (value.length > context.limits.valueLength) throw new QueryProblem('too-costly', 'The value is too long.');
  const [base, modifier] = splitName(name);
  if (base === '_include' || base === '_revinclude')
    return readInclude(type, base, modifier, value, draft, context.limits);
  if (!RESULT.has(base)) {
    if (base !== '_type') draft.all.push(await criterion(type, name, value, context));
    else if (!value.split(',').includes(type)) draft.all.push({ ids: [] });
    return;
  }
  if (modifier !== undefined) throw badModifier();
  readResult(type, base, value, draft, context.limits);
}

function readResult(type: string, name: string, value: string, draft: Draft, limits: SearchLimits): void {
  if (name === '_sort') draft.sort = once(draft.sort, () => sortOf(type, value, limits));
  if (name === '_count') draft.count = once(draft.count, () => countOf(value, limits));
  if (name === '_total') draft.total = once(draft.total, () => totalOf(value));
  if (name === '_summary') draft.summary = once(draft.summary, () => summaryOf(value));
  if (name === '_elements') draft.elements = once(draft.elements, () => elementsOf(value, limits));
  if (name === '_contained') containedOf(value);
}

function once<T>(before: T | undefined, make: () => T): T {
  if (before !== undefined) throw new QueryProblem('invalid', 'This parameter can be given only once.');
  return make();
}

function readInclude(
  type: string,
  name: string,
  modifier: string | undefined,
  value: string,
  draft: Draft,
  limits: SearchLimits,
): void {
  if (draft.includes.length + draft.revincludes.length >= limits.includes)
    throw new QueryProblem('too-costly', 'The query has too many includes.');
  for (const one of value.split(',')) {
    if (one === '') throw badValue('The parameter has an empty value.');
    if (name === '_include') draft.includes.push(includeOf(type, modifier, one));
    else draft.revincludes.push(...revincludesOf(type, modifier, one));
  }
}

const oneIssue = (code: SearchIssue['code'], diagnostics: string): SearchReading => ({
  issues: [{ code, diagnostics, expression: 'http' }],
});

/**
 * One text for all spellings of a conditional request's criteria: the order of parameters, and of the alternatives in
 * one, does not matter; what shapes the result is left out. It holds what the query holds: hash it with a key.
 */
export function normalisedQuery(type: string, params: QueryParams): string {
  const criteria = params
    .filter(([name]) => !RESULT.has(splitName(name)[0]))
    .map(([name, value]) => [name, [...new Set(splitEscaped(value, ','))].sort()] as const);
  const texts = criteria.map((one) => JSON.stringify(one));
  return JSON.stringify([type, [...new Set(texts)].sort()]);
}
