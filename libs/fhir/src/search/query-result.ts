/** Parameters that shape the result rather than choose it (R4 search 3.1.1.5). */
import type { SortKey } from '@anamnesis/read-store';
import { isResourceType, RESOURCE_TYPES, searchParameter, searchParameters } from './parameters.ts';
import type { SearchLimits } from './query-limits.ts';
import { badModifier, badValue, QueryProblem, unknownParameter } from './query-issue.ts';
import { splitEscaped } from './query-text.ts';

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false';
export type Total = 'none' | 'estimate' | 'accurate';

/** `_include` and `_revinclude`: follow `params` of resources of type `source`. */
export interface Include {
  readonly source: string;
  /** The reference parameters to follow; all of the type's for `*`. */
  readonly params: readonly string[];
  /** Only references to this type. */
  readonly target?: string;
  /** Also from and to what was itself included. */
  readonly iterate: boolean;
}

/** 0 asks for the count alone (R4 search 3.1.1.5.4); more than a page holds is lowered to what it holds. */
export function countOf(value: string, limits: SearchLimits): number {
  if (!/^\d{1,9}$/.test(value)) throw badValue('_count is a whole number of nine digits at most.');
  return Math.min(Number(value), limits.countMax);
}

export function summaryOf(value: string): Summary {
  if (value === 'true' || value === 'text' || value === 'data' || value === 'count' || value === 'false') return value;
  throw badValue('_summary is true, text, data, count or false.');
}

export function totalOf(value: string): Total {
  if (value === 'none' || value === 'estimate' || value === 'accurate') return value;
  throw badValue('_total is none, estimate or accurate.');
}

export function elementsOf(value: string, limits: SearchLimits): string[] {
  const names = value.split(',');
  if (names.length > limits.values || !names.every((name) => /^[A-Za-z][A-Za-z0-9.]{0,99}$/.test(name))) {
    throw badValue('_elements is a list of element names separated by commas.');
  }
  return names;
}

export function sortOf(type: string, value: string, limits: SearchLimits): SortKey[] {
  const keys = splitEscaped(value, ',').map((key) => ({
    param: key.replace(/^-/, ''),
    descending: key.startsWith('-'),
  }));
  if (keys.length > limits.sortKeys) throw new QueryProblem('too-costly', '_sort has too many keys.');
  for (const { param } of keys) {
    if (param === '_id' || param === '_lastUpdated') continue;
    const parameter = searchParameter(type, param);
    if (!parameter)
      throw new QueryProblem('not-supported', '_sort names a search parameter that the type does not have.');
    if (parameter.kind === 'composite' || parameter.kind === 'special' || parameter.leaves.length === 0) {
      throw new QueryProblem('not-supported', '_sort names a search parameter that has no order.');
    }
  }
  return keys;
}

/** Only resources themselves are searched; what they contain is found with them. */
export function containedOf(value: string): void {
  if (value !== 'false')
    throw new QueryProblem('not-supported', 'Contained resources are not searched: _contained is false.');
}

function iterates(modifier: string | undefined): boolean {
  if (modifier === undefined || modifier === 'iterate') return modifier === 'iterate';
  throw badModifier();
}

/** `_include=Observation:subject:Patient`, `_include=Observation:*`, `_include=*`. */
export function includeOf(type: string, modifier: string | undefined, value: string): Include {
  const iterate = iterates(modifier);
  const [source = '', param = '', target, ...rest] = value === '*' ? [type, '*'] : value.split(':');
  checkShape(source, param, target, rest);
  if (!iterate && source !== type)
    throw badValue('_include starts from the type that is searched, unless it iterates.');
  const params = param === '*' ? referenceParams(source, target) : [referenceParam(source, param, target)];
  return { source, params, iterate, ...(target === undefined ? {} : { target }) };
}

/** `_revinclude=Provenance:target`, `_revinclude=Observation:*`; `*` alone is every parameter that can refer to the type. */
export function revincludesOf(type: string, modifier: string | undefined, value: string): Include[] {
  const iterate = iterates(modifier);
  if (value === '*') {
    const all = RESOURCE_TYPES.map((source): Include => ({
      source,
      params: referenceParams(source, type),
      target: type,
      iterate,
    }));
    return all.filter(({ params }) => params.length > 0);
  }
  const [source = '', param = '', target, ...rest] = value.split(':');
  checkShape(source, param, target, rest);
  if (!iterate && target !== undefined && target !== type)
    throw badValue('_revinclude leads to the type that is searched, unless it iterates.');
  const to = target ?? (iterate ? undefined : type);
  const params = param === '*' ? referenceParams(source, to) : [referenceParam(source, param, to)];
  return [{ source, params, iterate, ...(to === undefined ? {} : { target: to }) }];
}

function checkShape(source: string, param: string, target: string | undefined, rest: readonly string[]): void {
  const fits =
    isResourceType(source) && param !== '' && (target === undefined || isResourceType(target)) && rest.length === 0;
  if (!fits)
    throw badValue('An include is [type]:[reference parameter] or [type]:[reference parameter]:[target type].');
}

function referenceParam(source: string, name: string, target: string | undefined): string {
  const parameter = searchParameter(source, name);
  if (!parameter || parameter.kind !== 'reference') throw unknownParameter();
  if (target !== undefined && !parameter.targets.includes(target))
    throw badValue('The reference parameter of the include cannot point at that type.');
  return name;
}

const referenceParams = (source: string, target: string | undefined): string[] =>
  [...searchParameters(source).values()]
    .filter(({ kind, targets }) => kind === 'reference' && (target === undefined || targets.includes(target)))
    .map(({ name }) => name);
