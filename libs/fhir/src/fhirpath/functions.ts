import type { Env, Evaluate } from './compile.ts';
import { truth, union } from './operators.ts';
import { UnsupportedExpression } from './parse.ts';
import { children, equal, FALSE, identity, type Items, NONE, TRUE } from './values.ts';

/** A function applied to its focus; `outer` is `$this` where it stands, on which plain arguments are evaluated. */
export type Apply = (focus: Items, env: Env, outer: Items) => Items;
type Make = (args: readonly Evaluate[]) => Apply;

/** A pattern is matched against at most so many characters: its author did not think of hostile input. */
const MATCH_LIMIT = 1000;

const bool = (value: boolean): Items => (value ? TRUE : FALSE);

function one(args: readonly Evaluate[]): Evaluate {
  const [arg] = args;
  if (arg === undefined || args.length > 1) throw new UnsupportedExpression('number of arguments');
  return arg;
}

const filter =
  (criterion: Evaluate): Evaluate =>
  (focus, env) =>
    focus.filter((item) => truth(criterion([item], env)) === true);

const collect = (items: Items, add: (item: unknown, into: unknown[]) => void): Items => {
  const found: unknown[] = [];
  for (const item of items) add(item, found);
  return found;
};

function descendants(focus: Items): Items {
  const found = [...collect(focus, children)];
  for (let i = 0; i < found.length; i += 1) children(found[i], found);
  return found;
}

/** A function of one text and one literal text. */
const textual =
  (apply: (text: string, argument: string) => unknown): Make =>
  (args) => {
    const argument = one(args);
    return (focus, env, outer) => {
      const [[text], [other]] = [focus, argument(outer, env)];
      return typeof text === 'string' && typeof other === 'string' ? [apply(text, other)] : NONE;
    };
  };

const distinct = (items: Items): boolean => new Set(items.map(identity)).size === items.length;

const plain =
  (apply: (focus: Items) => Items): Make =>
  () =>
    apply;

/** What each supported function makes of its compiled arguments. */
export const FUNCTIONS: Readonly<Record<string, Make>> = {
  exists: (args) => {
    if (args.length === 0) return (focus) => bool(focus.length > 0);
    const criterion = filter(one(args));
    return (focus, env) => bool(criterion(focus, env).length > 0);
  },
  empty: plain((focus) => bool(focus.length === 0)),
  not: plain((focus) => {
    const value = truth(focus);
    return value === undefined ? NONE : bool(!value);
  }),
  all: (args) => {
    const criterion = one(args);
    return (focus, env) => bool(focus.every((item) => truth(criterion([item], env)) === true));
  },
  allTrue: plain((focus) => bool(focus.every((item) => item === true))),
  allFalse: plain((focus) => bool(focus.every((item) => item === false))),
  anyTrue: plain((focus) => bool(focus.includes(true))),
  count: plain((focus) => [focus.length]),
  where: (args) => filter(one(args)),
  select: (args) => {
    const projection = one(args);
    return (focus, env) => focus.flatMap((item) => projection([item], env));
  },
  first: plain((focus) => focus.slice(0, 1)),
  last: plain((focus) => focus.slice(-1)),
  tail: plain((focus) => focus.slice(1)),
  isDistinct: plain((focus) => bool(distinct(focus))),
  distinct: plain((focus) => union(focus, NONE)),
  hasValue: plain((focus) => bool(focus.length === 1 && typeof focus[0] !== 'object')),
  children: plain((focus) => collect(focus, children)),
  descendants: plain(descendants),
  combine: (args) => {
    const other = one(args);
    return (focus, env, outer) => [...focus, ...other(outer, env)];
  },
  intersect: (args) => {
    const other = one(args);
    return (focus, env, outer) => {
      const others = other(outer, env);
      return union(
        focus.filter((item) => others.some((b) => equal(item, b))),
        NONE,
      );
    };
  },
  iif: (args) => {
    const [criterion, then, otherwise] = args;
    if (criterion === undefined || then === undefined) throw new UnsupportedExpression('iif()');
    return (focus, env) =>
      truth(criterion(focus, env)) === true ? then(focus, env) : (otherwise?.(focus, env) ?? NONE);
  },
  trace: plain((focus) => focus),
  length: plain(([text]) => (typeof text === 'string' ? [text.length] : NONE)),
  startsWith: textual((text, prefix) => text.startsWith(prefix)),
  endsWith: textual((text, suffix) => text.endsWith(suffix)),
  contains: textual((text, part) => text.includes(part)),
  matches: textual((text, pattern) => text.length <= MATCH_LIMIT && new RegExp(pattern).test(text)),
  replaceMatches: (args) => {
    const [pattern, by] = args;
    if (pattern === undefined || by === undefined) throw new UnsupportedExpression('replaceMatches()');
    return (focus, env, outer) => {
      const [[text], [regex], [replacement]] = [focus, pattern(outer, env), by(outer, env)];
      if (typeof text !== 'string' || typeof regex !== 'string' || typeof replacement !== 'string') return NONE;
      return [text.length <= MATCH_LIMIT ? text.replace(new RegExp(regex, 'g'), replacement) : text];
    };
  },
  substring: (args) => {
    const [start, length] = args;
    if (start === undefined) throw new UnsupportedExpression('substring()');
    return (focus, env, outer) => {
      const [[text], [from], [size]] = [focus, start(outer, env), length?.(outer, env) ?? NONE];
      if (typeof text !== 'string' || typeof from !== 'number' || from >= text.length) return NONE;
      return [text.slice(from, typeof size === 'number' ? from + size : undefined)];
    };
  },
  toInteger: plain(([value]) => {
    if (typeof value === 'number') return Number.isInteger(value) ? [value] : NONE;
    return typeof value === 'string' && /^[+-]?\d{1,10}$/.test(value) ? [Number(value)] : NONE;
  }),
  toString: plain(([value]) => (value === undefined || typeof value === 'object' ? NONE : [String(value)])),
};
