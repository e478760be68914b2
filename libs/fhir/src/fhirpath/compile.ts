import { CHOICES } from '../model/choices.ts';
import { FUNCTIONS } from './functions.ts';
import { binary } from './operators.ts';
import { type Node, parseExpression, UnsupportedExpression } from './parse.ts';
import { FALSE, type Items, member, NONE, TRUE } from './values.ts';

/** What an expression may look at besides its focus. One evaluation at a time uses it. */
export interface Env {
  /** `%resource`: the resource that holds the focus. */
  resource: unknown;
  /** `%rootResource`: the same, or the one that contains it. */
  root: unknown;
  /** `%context`: the value the expression was started on. */
  context: unknown;
  /** Set when a comparison could not be decided (dates of different precision, different units). */
  undecided: boolean;
}

/** A compiled expression, or a part of one: from a focus to a collection. */
export type Evaluate = (focus: Items, env: Env) => Items;

/**
 * Compiles a FHIRPath expression into closures over plain JSON.
 * Throws UnsupportedExpression for what lies outside the subset: `resolve()`, terminology, date arithmetic.
 */
export function compileExpression(source: string): Evaluate {
  return compile(parseExpression(source));
}

/** Compiles a test: an invariant holds when it is true, or when a comparison in it cannot be decided. */
export function compileTest(source: string): (value: unknown, env: Env) => boolean {
  const evaluate = compileExpression(source);
  return (value, env) => {
    env.context = value;
    env.undecided = false;
    const result = evaluate([value], env);
    return (result.length === 1 && result[0] === true) || env.undecided;
  };
}

export function compile(node: Node): Evaluate {
  switch (node.kind) {
    case 'literal':
      return constant(typeof node.value === 'boolean' ? (node.value ? TRUE : FALSE) : [node.value]);
    case 'none':
      return constant(NONE);
    case 'this':
      return (focus) => focus;
    case 'variable':
      return variable(node.name);
    case 'member':
      return path(node);
    case 'call':
      return call(node);
    case 'index':
      return index(compile(node.of), compile(node.at));
    case 'type':
      return ofType(node.of, node.type, node.operator);
    case 'negative':
      return negative(compile(node.of));
    case 'binary':
      return binary(node.operator, compile(node.left), compile(node.right));
  }
}

const constant =
  (items: Items): Evaluate =>
  () =>
    items;

function variable(name: string): Evaluate {
  switch (name) {
    case 'resource':
      return (_, env) => [env.resource];
    case 'rootResource':
      return (_, env) => [env.root];
    case 'context':
      return (_, env) => [env.context];
    case 'ucum':
      return constant(['http://unitsofmeasure.org']);
    default:
      throw new UnsupportedExpression(`%${name}`);
  }
}

function path(node: Node & { kind: 'member' }): Evaluate {
  const { name, of } = node;
  // A path may begin with the name of the type it is stated on.
  if (of === undefined && /^[A-Z]/.test(name)) {
    return (focus) => focus.filter((item) => (item as { resourceType?: unknown }).resourceType === name);
  }
  if (of === undefined || of.kind === 'this') return (focus) => step(focus, name);
  const parent = compile(of);
  return (focus, env) => step(parent(focus, env), name);
}

function step(items: Items, name: string): Items {
  if (items.length === 0) return NONE;
  const found: unknown[] = [];
  for (let i = 0; i < items.length; i += 1) member(items[i], name, found);
  return found;
}

function call(node: Node & { kind: 'call' }): Evaluate {
  const { name, args, of } = node;
  if ((name === 'is' || name === 'as' || name === 'ofType') && args.length === 1) {
    const [type] = args;
    if (type?.kind !== 'member') throw new UnsupportedExpression(name);
    return ofType(of ?? { kind: 'this' }, type.name, name === 'is' ? 'is' : 'as');
  }
  const make = FUNCTIONS[name];
  if (make === undefined || !Object.hasOwn(FUNCTIONS, name)) throw new UnsupportedExpression(`${name}()`);
  const apply = make(args.map(compile));
  if (of === undefined) return (focus, env) => apply(focus, env, focus);
  const before = compile(of);
  // `trace` tells a developer's log; here it would tell patient data.
  if (name === 'trace') return before;
  return (focus, env) => apply(before(focus, env), env, focus);
}

function index(of: Evaluate, at: Evaluate): Evaluate {
  return (focus, env) => {
    const items = of(focus, env);
    const [place] = at(focus, env);
    return typeof place === 'number' && place < items.length ? [items[place]] : NONE;
  };
}

function negative(of: Evaluate): Evaluate {
  return (focus, env) => {
    const [value] = of(focus, env);
    return typeof value === 'number' ? [-value] : NONE;
  };
}

/** Plain JSON does not carry types, but a choice tells its own by the property's name. */
function ofType(of: Node, type: string, operator: 'is' | 'as'): Evaluate {
  const keep = operator === 'as';
  if (of.kind === 'member' && CHOICES.has(of.name)) {
    const key = of.name + type.charAt(0).toUpperCase() + type.slice(1);
    const parent = of.of === undefined ? (focus: Items) => focus : compile(of.of);
    const any = compile(of);
    return (focus, env) => {
      const found = step(parent(focus, env), key);
      if (keep) return found;
      return found.length > 0 ? TRUE : any(focus, env).length > 0 ? FALSE : NONE;
    };
  }
  const items = compile(of);
  return (focus, env) => {
    const all = items(focus, env);
    if (keep) return all.filter((item) => isOfType(item, type));
    return all.length === 0 ? NONE : isOfType(all[0], type) ? TRUE : FALSE;
  };
}

function isOfType(item: unknown, type: string): boolean {
  switch (type.toLowerCase()) {
    case 'boolean':
      return typeof item === 'boolean';
    case 'decimal':
      return typeof item === 'number';
    case 'integer':
      return Number.isInteger(item);
    case 'string':
      return typeof item === 'string';
    default:
      return typeof item === 'object' && item !== null && (item as { resourceType?: unknown }).resourceType === type;
  }
}
