import { CHOICES } from '../model/choices.ts';

/** A FHIRPath collection: plain JSON values, in order, never null. */
export type Items = readonly unknown[];

export const NONE: Items = [];
export const TRUE: Items = [true];
export const FALSE: Items = [false];

type Members = Record<string, unknown>;

/**
 * The children of `item` under one name. A choice is found by its base name (`value`); a primitive that has
 * no value, only extensions, stands as the object that holds these, so that it exists and has no value.
 */
export function member(item: unknown, name: string, into: unknown[]): void {
  if (typeof item !== 'object' || item === null) return;
  const members = item as Members;
  const value = members[name];
  const extra = members[`_${name}`];
  if (value !== undefined || extra !== undefined) return push(value, extra, into);
  const choices = CHOICES.get(name);
  if (choices === undefined) return;
  for (const key in members) {
    if (choices.has(key)) push(members[key], members[`_${key}`], into);
    else if (key.charCodeAt(0) === 0x5f && choices.has(key.slice(1)) && members[key.slice(1)] === undefined) {
      push(undefined, members[key], into);
    }
  }
}

function push(value: unknown, extra: unknown, into: unknown[]): void {
  if (!Array.isArray(value) && !Array.isArray(extra)) {
    const item = value ?? extra;
    if (item !== undefined && item !== null) into.push(item);
    return;
  }
  const values = Array.isArray(value) ? (value as unknown[]) : NONE;
  const extras = Array.isArray(extra) ? (extra as unknown[]) : NONE;
  for (let i = 0; i < Math.max(values.length, extras.length); i += 1) {
    const item = values[i] ?? extras[i];
    if (item !== undefined && item !== null) into.push(item);
  }
}

export function children(item: unknown, into: unknown[]): void {
  if (typeof item !== 'object' || item === null) return;
  const members = item as Members;
  for (const key in members) {
    if (key === 'resourceType') continue;
    if (key.charCodeAt(0) !== 0x5f) push(members[key], members[`_${key}`], into);
    else if (members[key.slice(1)] === undefined) push(undefined, members[key], into);
  }
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal((a as Members)[key], (b as Members)[key]))
  );
}

/** A text that is the same for equal values. */
export function identity(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(identity).join()}]`;
  const members = value as Members;
  const keys = Object.keys(members).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${identity(members[key])}`).join()}}`;
}

const DATE = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/;

/** Below, equal or above zero as `a` is before, at or after `b`; undefined when that cannot be said. */
export function compare(a: unknown, b: unknown): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') {
    return DATE.test(a) && DATE.test(b) ? compareDates(a, b) : a < b ? -1 : a > b ? 1 : 0;
  }
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const [left, right] = [a as Members, b as Members];
    const sameUnit =
      left['code'] === right['code'] && left['system'] === right['system'] && left['unit'] === right['unit'];
    return sameUnit ? compare(left['value'], right['value']) : undefined;
  }
  return undefined;
}

/** Dates of different precision are compared as far as both go; equal that far is undecided (FHIRPath 6.2). */
function compareDates(a: string, b: string): number | undefined {
  if (a.length > 10 && b.length > 10) return Date.parse(a) - Date.parse(b);
  const length = Math.min(a.length, b.length);
  const [left, right] = [a.slice(0, length), b.slice(0, length)];
  if (left !== right) return left < right ? -1 : 1;
  return a.length === b.length ? 0 : undefined;
}
