/** One value of a parameter as a condition, by the parameter's kind (R4 search 3.1.1.4). */
import type { Condition, RangeTest } from '@anamnesis/read-store';
import { dateInterval } from './dates.ts';
import { nearCondition } from './query-near.ts';
import { askedNumber } from './numbers.ts';
import type { Component, Leaf, SearchKind } from './parameters.ts';
import type { QueryContext } from './query-context.ts';
import { badValue } from './query-issue.ts';
import { splitEscaped, unescaped } from './query-text.ts';
import { pointer } from './references.ts';
import { normaliseText } from './strings.ts';

/** What a value is read for: a parameter, or a component of a composite one. */
export interface Asked {
  readonly kind: SearchKind;
  /** The entries' name. */
  readonly param: string;
  readonly leaves: readonly Leaf[];
  readonly caseSensitive: boolean;
  readonly targets: readonly string[];
}

const PREFIX = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[\d+.-])/;
/** The system of booleans, which is never needed (R4 search 3.1.1.4.10). */
const SPECIAL_VALUES = new Set([
  'http://hl7.org/fhir/special-values',
  'http://terminology.hl7.org/CodeSystem/special-values',
]);
const BOOLEAN = new Set(['boolean', 'deceased']);

export function valueCondition(asked: Asked, value: string, context: QueryContext): Condition {
  switch (asked.kind) {
    case 'token':
      return tokenCondition(asked, value);
    case 'string':
      return { param: asked.param, string: { prefix: searchText(unescaped(value)) } };
    case 'date':
      return { param: asked.param, range: dateTest(value, context.now) };
    case 'number':
      return { param: asked.param, range: numberTest(value) };
    case 'quantity':
      return quantityCondition(asked.param, value);
    case 'reference':
      return referenceCondition(asked, unescaped(value), context);
    case 'uri':
      return { param: asked.param, uri: { exact: unescaped(value) } };
    case 'special':
      return nearCondition(asked.param, value);
    case 'composite':
      throw badValue('A composite value cannot stand inside another one.');
  }
}

/** A text as the index compares it; refused when nothing is left of it. */
export function searchText(text: string): string {
  const normalised = normaliseText(text);
  if (normalised === '') throw badValue('The value holds nothing to search for.');
  return normalised;
}

function tokenCondition(asked: Asked, value: string): Condition {
  const { system, code } = tokenOf(value);
  const fold = (text: string): string => (asked.caseSensitive ? text : text.toLowerCase());
  if (asked.leaves.length > 0 && asked.leaves.every((leaf) => BOOLEAN.has(leaf.type)))
    return booleanCondition(asked.param, system, code);
  return {
    param: asked.param,
    token: { ...(system === undefined ? {} : { system }), ...(code === undefined ? {} : { code: fold(code) }) },
  };
}

function booleanCondition(param: string, system: string | undefined, code: string | undefined): Condition {
  const known = system === undefined || system === '' || SPECIAL_VALUES.has(system);
  if (!known || (code !== 'true' && code !== 'false'))
    throw badValue('The value of this search parameter is true or false.');
  return { param, token: { code } };
}

/** `code`, `system|code`, `|code` (no system stated), `system|` (any code of it). */
export function tokenOf(value: string): { readonly system?: string; readonly code?: string } {
  const parts = splitEscaped(value, '|').map(unescaped);
  const [first = '', second] = parts;
  if (parts.length > 2) throw badValue('A token is [system]|[code]; a bar inside a part is escaped with a backslash.');
  if (second === undefined) return { code: first };
  if (first === '' && second === '') throw badValue('A token needs a system or a code.');
  return second === '' ? { system: first } : { system: first, code: second };
}

function prefixed(value: string): readonly [RangeTest['prefix'], string] {
  const prefix = PREFIX.exec(value)?.[1];
  return prefix === undefined ? ['eq', value] : [prefix as RangeTest['prefix'], value.slice(2)];
}

/** `ap` widens by a tenth of the distance between the date and now (R4 search 3.1.1.4.5). */
export function dateTest(value: string, now: number): RangeTest {
  const [prefix, text] = prefixed(unescaped(value));
  const interval = dateInterval(text);
  if (!interval)
    throw badValue(
      'A date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh:mm], of a day that exists.',
    );
  const [low, high] = interval;
  if (prefix !== 'ap') return { prefix, low, high };
  const distance = Math.max(0, now > high ? now - high : low - now);
  return { prefix, low: low - Math.round(distance / 10), high: high + Math.round(distance / 10) };
}

/** Implied precision counts for equality only; the other prefixes compare the number itself (R4 search 3.1.1.4.6). */
function numberTest(value: string): RangeTest {
  const [prefix, text] = prefixed(unescaped(value));
  const number = askedNumber(text);
  if (!number) throw badValue('A number is decimal, such as 100, 5.4 or 1e2, after an optional prefix.');
  if (prefix === 'eq' || prefix === 'ne') return { prefix, low: number.implied[0], high: number.implied[1] };
  if (prefix !== 'ap') return { prefix, low: number.value, high: number.value };
  const tenth = Math.abs(number.value) / 10;
  return { prefix, low: number.value - tenth, high: number.value + tenth };
}

/** `[prefix]number`, or `[prefix]number|[system]|[code]`. */
function quantityCondition(param: string, value: string): Condition {
  const parts = splitEscaped(value, '|');
  if (parts.length !== 1 && parts.length !== 3)
    throw badValue('A quantity is [prefix][number] or [prefix][number]|[system]|[code].');
  const [number = '', system = '', code = ''] = parts;
  return {
    param,
    range: numberTest(number),
    ...(system === '' ? {} : { system: unescaped(system) }),
    ...(code === '' ? {} : { code: unescaped(code) }),
  };
}

const ID = /^[A-Za-z0-9.-]{1,64}$/;

/** `[id]`, `[type]/[id]`, or a URL. A bare id stands for the one target type, else for any type. */
export function referenceCondition(asked: Asked, value: string, context: QueryContext, only?: string): Condition {
  const [single] = asked.targets;
  const type = only ?? (asked.targets.length === 1 ? single : undefined);
  if (ID.test(value)) return { param: asked.param, reference: { ...(type === undefined ? {} : { type }), id: value } };
  const to = pointer(value, context.ownBases);
  if (!to || (only !== undefined && to.type !== only))
    throw badValue('A reference is [id], [type]/[id] or an absolute URL, of the type that was named.');
  return { param: asked.param, reference: { type: to.type, id: to.id } };
}

export const componentAsked = (component: Component): Asked => ({
  kind: component.kind,
  param: component.param,
  leaves: component.leaves,
  caseSensitive: false,
  targets: [],
});
