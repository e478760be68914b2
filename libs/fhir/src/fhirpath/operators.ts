import type { Evaluate } from './compile.ts';
import { UnsupportedExpression } from './parse.ts';
import { compare, equal, FALSE, type Items, NONE, TRUE } from './values.ts';

/** True, false, or undefined for the empty collection; a single value that is no boolean counts as true. */
export function truth(items: Items): boolean | undefined {
  if (items.length === 0) return undefined;
  return items[0] !== false;
}

const logical = (value: boolean | undefined): Items => (value === undefined ? NONE : value ? TRUE : FALSE);

/** A binary operator over two compiled operands, evaluated on the same focus. */
export function binary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  const make = OPERATORS[operator];
  if (make === undefined) throw new UnsupportedExpression(operator);
  return make(left, right);
}

const OPERATORS: Record<string, (left: Evaluate, right: Evaluate) => Evaluate> = {
  and: (left, right) => (focus, env) => {
    const a = truth(left(focus, env));
    if (a === false) return FALSE;
    const b = truth(right(focus, env));
    return b === false ? FALSE : logical(a === undefined ? undefined : b);
  },
  or: (left, right) => (focus, env) => {
    const a = truth(left(focus, env));
    if (a === true) return TRUE;
    const b = truth(right(focus, env));
    return b === true ? TRUE : logical(a === undefined ? undefined : b);
  },
  xor: (left, right) => (focus, env) => {
    const a = truth(left(focus, env));
    const b = truth(right(focus, env));
    return a === undefined || b === undefined ? NONE : logical(a !== b);
  },
  implies: (left, right) => (focus, env) => {
    const a = truth(left(focus, env));
    if (a === false) return TRUE;
    const b = truth(right(focus, env));
    return b === true ? TRUE : logical(a === undefined ? undefined : b);
  },
  '=': (left, right) => (focus, env) => logical(same(left(focus, env), right(focus, env))),
  '!=': (left, right) => (focus, env) => {
    const equals = same(left(focus, env), right(focus, env));
    return logical(equals === undefined ? undefined : !equals);
  },
  in: (left, right) => (focus, env) => within(left(focus, env), right(focus, env)),
  contains: (left, right) => (focus, env) => within(right(focus, env), left(focus, env)),
  '|': (left, right) => (focus, env) => union(left(focus, env), right(focus, env)),
  '&': (left, right) => (focus, env) => [text(left(focus, env)) + text(right(focus, env))],
  '+': (left, right) => (focus, env) => {
    const [[a], [b]] = [left(focus, env), right(focus, env)];
    if (typeof a === 'number' && typeof b === 'number') return [a + b];
    return typeof a === 'string' && typeof b === 'string' ? [a + b] : NONE;
  },
  '<': ordered((order) => order < 0),
  '<=': ordered((order) => order <= 0),
  '>': ordered((order) => order > 0),
  '>=': ordered((order) => order >= 0),
};

function same(left: Items, right: Items): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined;
  return left.length === right.length && left.every((item, i) => equal(item, right[i]));
}

function within(one: Items, many: Items): Items {
  if (one.length === 0) return NONE;
  return many.some((item) => equal(item, one[0])) ? TRUE : FALSE;
}

export function union(left: Items, right: Items): Items {
  const found: unknown[] = [];
  for (const item of [...left, ...right]) if (!found.some((other) => equal(other, item))) found.push(item);
  return found;
}

const text = ([item]: Items): string => (typeof item === 'string' ? item : item === undefined ? '' : String(item));

function ordered(holds: (order: number) => boolean): (left: Evaluate, right: Evaluate) => Evaluate {
  return (left, right) => (focus, env) => {
    const [[a], [b]] = [left(focus, env), right(focus, env)];
    if (a === undefined || b === undefined) return NONE;
    const order = compare(a, b);
    if (order !== undefined) return holds(order) ? TRUE : FALSE;
    env.undecided = true;
    return NONE;
  };
}
