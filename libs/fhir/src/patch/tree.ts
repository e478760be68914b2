import { isRawJson } from '../json/index.ts';

export type Members = Record<string, unknown>;

/** Whether a value is an object with members; a number kept as raw JSON is not. */
export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);

/** What a patch may still make; one that copies its copies would grow without bound, in breadth or in depth. */
export interface Budget {
  /** Values that may still be copied; below 0 it is spent. */
  left: number;
  /** Deepest nesting of the result. */
  readonly depth: number;
}

/** A deep copy, to stand at the given depth, that keeps raw numbers; incomplete when it spends the budget. */
export function copy(value: unknown, budget: Budget, depth: number): unknown {
  budget.left -= 1;
  if (budget.left < 0 || typeof value !== 'object' || value === null) return value;
  if (depth >= budget.depth && !isRawJson(value)) {
    budget.left = -1;
    return undefined;
  }
  if (Array.isArray(value)) return value.map((item) => copy(item, budget, depth + 1));
  if (!isMembers(value)) return value;
  const made: Members = {};
  for (const key of Object.keys(value)) put(made, key, copy(value[key], budget, depth + 1));
  return made;
}

/** Sets an own property, also one named `__proto__`, which assignment would take for the prototype. */
export function put(members: Members, key: string, value: unknown): void {
  if (key !== '__proto__') members[key] = value;
  else Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Equal as RFC 6902 section 4.6 says: numbers by value, so `1.0` equals `1.00`. */
export function equalByValue(a: unknown, b: unknown): boolean {
  return same(a, b, (x, y) => decimal(x) === decimal(y));
}

/** Equal down to the way each number is written. */
export function identical(a: unknown, b: unknown): boolean {
  return same(a, b, (x, y) => lexical(x) === lexical(y));
}

type Numeric = number | { readonly rawJSON: string };

function same(a: unknown, b: unknown, numbers: (a: Numeric, b: Numeric) => boolean): boolean {
  if (a === b) return true;
  if (isNumeric(a) && isNumeric(b)) return numbers(a, b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => same(item, b[i], numbers));
  if (!isMembers(a) || !isMembers(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key], numbers))
  );
}

const isNumeric = (value: unknown): value is Numeric => typeof value === 'number' || isRawJson(value);

const lexical = (value: Numeric): string => (typeof value === 'number' ? String(value) : value.rawJSON);

/** The one form of a decimal's value: sign, digits without outer zeros, exponent. */
function decimal(value: Numeric): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(lexical(value)) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
