import { DEFAULT_JSON_DEPTH } from '../json/index.ts';
import { parsePointer } from './pointer.ts';
import { type Budget, copy, equalByValue, isMembers, type Members, put } from './tree.ts';

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export type PatchProblemCode =
  | 'patch-malformed'
  | 'patch-too-large'
  | 'patch-path-missing'
  | 'patch-test-failed'
  | 'patch-forbidden'
  | 'patch-changes-identity';

/** Why a patch was not applied. Carries neither paths nor values of it. */
export interface PatchProblem {
  readonly code: PatchProblemCode;
  /** A constant sentence. */
  readonly message: string;
  /** The operation at fault, from 0; absent when it is the patch as a whole. */
  readonly operation?: number;
}

export type PatchOutcome =
  { readonly value: unknown; readonly problem?: undefined } | { readonly problem: PatchProblem };

export interface PatchLimits {
  /** Most operations of a patch. Default 1,000. */
  readonly operations?: number;
  /** Most values that the whole patch may copy. Default 200,000. */
  readonly values?: number;
  /** Deepest nesting of the result. Default 64. */
  readonly depth?: number;
}

/** What each problem says; constants. */
export const PATCH_PROBLEMS: Record<PatchProblemCode, string> = {
  'patch-malformed': 'The body is not a JSON Patch (RFC 6902).',
  'patch-too-large': 'The patch has more operations, or makes more values, than this server takes.',
  'patch-path-missing': 'An operation points to a place that does not exist.',
  'patch-test-failed': 'A test operation did not find the value it names.',
  'patch-forbidden': 'An operation names a property that no resource can have.',
  'patch-changes-identity': 'A patch must not change the type or the id of the resource.',
};

/** Thrown and caught in this file only. */
class Refusal {
  readonly code: PatchProblemCode;

  constructor(code: PatchProblemCode) {
    this.code = code;
  }
}

/**
 * Applies a JSON Patch (RFC 6902) to a resource, all of it or nothing. Both may be exact trees of `parseJson`: raw
 * numbers stay as they are written. The resource itself is not changed; the result is not validated here.
 */
export function applyPatch(resource: unknown, patch: unknown, limits: PatchLimits = {}): PatchOutcome {
  if (!Array.isArray(patch) || !patch.every(isOperation)) return refuse('patch-malformed');
  if (patch.length > (limits.operations ?? 1000)) return refuse('patch-too-large');
  const budget: Budget = { left: limits.values ?? 200_000, depth: limits.depth ?? DEFAULT_JSON_DEPTH };
  let root = copy(resource, budget, 0);
  if (budget.left < 0) return refuse('patch-too-large');
  for (const [index, operation] of patch.entries()) {
    try {
      root = perform(root, operation, budget);
      if (budget.left < 0) return refuse('patch-too-large', index);
    } catch (error) {
      if (error instanceof Refusal) return refuse(error.code, index);
      throw error;
    }
  }
  return keepsIdentity(resource, root) ? { value: root } : refuse('patch-changes-identity');
}

function refuse(code: PatchProblemCode, operation?: number): { problem: PatchProblem } {
  return { problem: { code, message: PATCH_PROBLEMS[code], ...(operation === undefined ? {} : { operation }) } };
}

const NEEDS: Record<PatchOperation['op'], 'value' | 'from' | undefined> = {
  add: 'value',
  replace: 'value',
  test: 'value',
  move: 'from',
  copy: 'from',
  remove: undefined,
};

function isOperation(value: unknown): value is PatchOperation {
  if (!isMembers(value)) return false;
  const { op, path, from } = value;
  if (typeof op !== 'string' || typeof path !== 'string' || !Object.hasOwn(NEEDS, op)) return false;
  const needed = NEEDS[op as PatchOperation['op']];
  if (needed === 'value' && !Object.hasOwn(value, 'value')) return false;
  if (needed === 'from' && (typeof from !== 'string' || parsePointer(from) === undefined)) return false;
  return parsePointer(path) !== undefined;
}

function keepsIdentity(before: unknown, after: unknown): boolean {
  if (!isMembers(before) || !isMembers(after)) return false;
  return after['resourceType'] === before['resourceType'] && after['id'] === before['id'];
}

function perform(root: unknown, { op, path, from, value }: PatchOperation, budget: Budget): unknown {
  const target = parsePointer(path)!;
  const source = from === undefined ? [] : parsePointer(from)!;
  switch (op) {
    case 'add':
      return add(root, target, copy(value, budget, target.length));
    case 'remove':
      return remove(root, target);
    case 'replace':
      find(root, target);
      return target.length === 0
        ? copy(value, budget, target.length)
        : replace(root, target, copy(value, budget, target.length));
    case 'move': {
      // A value cannot be moved into one of its own children (RFC 6902 section 4.4).
      if (path.startsWith(`${from!}/`)) throw new Refusal('patch-malformed');
      const moved = copy(find(root, source), budget, target.length);
      return path === from ? root : add(remove(root, source), target, moved);
    }
    case 'copy':
      return add(root, target, copy(find(root, source), budget, target.length));
    case 'test':
      if (!equalByValue(find(root, target), value)) throw new Refusal('patch-test-failed');
      return root;
  }
}

function find(root: unknown, tokens: readonly string[]): unknown {
  return tokens.reduce((holder, token) => {
    if (Array.isArray(holder)) return (holder as unknown[])[existingIndex(token, holder)];
    if (!isMembers(holder) || !Object.hasOwn(holder, token)) throw new Refusal('patch-path-missing');
    return holder[token];
  }, root);
}

function existingIndex(token: string, list: readonly unknown[]): number {
  const index = /^(?:0|[1-9][0-9]{0,9})$/.test(token) ? Number(token) : -1;
  if (index < 0 || index >= list.length) throw new Refusal('patch-path-missing');
  return index;
}

/** The object or array that holds what the tokens point to, and the last token. */
function holderOf(root: unknown, tokens: readonly string[]): [Members | unknown[], string] {
  const holder = find(root, tokens.slice(0, -1));
  if (!Array.isArray(holder) && !isMembers(holder)) throw new Refusal('patch-path-missing');
  const token = tokens.at(-1)!;
  if (token === '__proto__') throw new Refusal('patch-forbidden');
  return [holder, token];
}

function add(root: unknown, tokens: readonly string[], value: unknown): unknown {
  if (tokens.length === 0) return value;
  const [holder, token] = holderOf(root, tokens);
  if (!Array.isArray(holder)) put(holder, token, value);
  else if (token === '-' || token === String(holder.length)) holder.push(value);
  else holder.splice(existingIndex(token, holder), 0, value);
  return root;
}

function replace(root: unknown, tokens: readonly string[], value: unknown): unknown {
  const [holder, token] = holderOf(root, tokens);
  if (Array.isArray(holder)) holder[existingIndex(token, holder)] = value;
  else put(holder, token, value);
  return root;
}

function remove(root: unknown, tokens: readonly string[]): unknown {
  if (tokens.length === 0) throw new Refusal('patch-changes-identity');
  find(root, tokens);
  const [holder, token] = holderOf(root, tokens);
  if (Array.isArray(holder)) holder.splice(existingIndex(token, holder), 1);
  else Reflect.deleteProperty(holder, token);
  return root;
}
