/**
 * Compiles a type's parameters into one tree of member names, so that a resource is walked once and each element is
 * read once, however many parameters look at it.
 */
import type { Component, Leaf, SearchParameter } from './parameters.ts';
import type { EntryName, Sink } from './sink.ts';
import { emitterOf, isElement } from './values.ts';
import type { Element, Emit } from './values.ts';

/** What happens at an element: `value` is never an array. */
type Act = (value: unknown, resource: Element, sink: Sink) => void;

interface Branch {
  readonly member: string;
  /** `?system=phone`: only elements whose member has that value. */
  readonly where?: readonly [member: string, value: string];
  /** `[0]`: the first element only. */
  readonly first: boolean;
  readonly to: Tree;
}

export interface Tree {
  readonly acts: Act[];
  readonly branches: Branch[];
}

interface Shared {
  readonly emit: Emit;
  readonly names: EntryName[];
}

const SEGMENT = /^([A-Za-z]+)(?:\?([a-z]+)=([^.]+)|(\[0\]))?$/;

/** The tree of all parameters of a type. */
export function compile(parameters: Iterable<SearchParameter>): Tree {
  const root: Tree = { acts: [], branches: [] };
  const shared = new Map<string, Shared>();
  for (const parameter of parameters) {
    // `_id` and `_lastUpdated` are the store's own.
    if (parameter.name === '_id' || parameter.name === '_lastUpdated') continue;
    if (parameter.kind === 'composite') addComposite(root, parameter);
    for (const leaf of parameter.leaves) addLeaf(root, parameter, leaf, shared);
  }
  return root;
}

/** Walks a resource (or an element of it) along the tree. */
export function walk(tree: Tree, value: Element, resource: Element, sink: Sink): void {
  const { acts, branches } = tree;
  for (let i = 0; i < acts.length; i++) acts[i]!(value, resource, sink);
  for (let i = 0; i < branches.length; i++) {
    const branch = branches[i]!;
    const next = value[branch.member];
    if (next === undefined) continue;
    if (!Array.isArray(next)) visit(branch, next, resource, sink);
    else if (branch.first) visit(branch, next[0], resource, sink);
    else for (let n = 0; n < next.length; n++) visit(branch, next[n], resource, sink);
  }
}

function visit(branch: Branch, value: unknown, resource: Element, sink: Sink): void {
  const { where, to } = branch;
  if (value === undefined || value === null) return;
  if (where && (!isElement(value) || value[where[0]] !== where[1])) return;
  if (to.branches.length > 0 && isElement(value)) walk(to, value, resource, sink);
  else for (let i = 0; i < to.acts.length; i++) to.acts[i]!(value, resource, sink);
}

/** Parameters that read the same element in the same way share one act: `subject` and `patient`, `code` and `combo-code`. */
function addLeaf(root: Tree, parameter: SearchParameter, leaf: Leaf, shared: Map<string, Shared>): void {
  const emit = emitterOf(parameter.kind, leaf);
  if (!emit) throw new Error(`No reader for ${leaf.type} as ${parameter.kind}`);
  const key = `${parameter.kind} ${leaf.path}:${leaf.type}!${leaf.only ?? ''}@${leaf.system ?? ''}`;
  const known = shared.get(key);
  if (known) {
    known.names.push(namesOf(parameter));
    return;
  }
  const one: Shared = { emit, names: [namesOf(parameter)] };
  shared.set(key, one);
  at(root, leaf.path).acts.push((value, _resource, sink) => one.emit(value, one.names, sink));
}

function addComposite(root: Tree, parameter: SearchParameter): void {
  const components = parameter.components.map(componentTree);
  for (const path of parameter.roots) {
    at(root, path).acts.push((value, resource, sink) => {
      if (!isElement(value)) return;
      sink.composite(
        components.map(
          ({ tree, outside }) =>
            () =>
              walk(tree, outside ? resource : value, resource, sink),
        ),
      );
    });
  }
}

function componentTree(component: Component): { readonly tree: Tree; readonly outside: boolean } {
  const tree: Tree = { acts: [], branches: [] };
  const names: readonly EntryName[] = [{ name: component.param, foldCase: true }];
  for (const leaf of component.leaves) {
    const emit = emitterOf(component.kind, leaf);
    if (emit) at(tree, leaf.path).acts.push((value, _resource, sink) => emit(value, names, sink));
  }
  return { tree, outside: component.outside };
}

function namesOf({ name, kind, caseSensitive }: SearchParameter): EntryName {
  if (kind === 'token') return { name, text: `${name}:text`, ofType: `${name}:of-type`, foldCase: !caseSensitive };
  if (kind === 'reference') return { name, identifier: `${name}:identifier`, foldCase: true };
  return { name, foldCase: true };
}

/** The node at a path, made where it is missing. */
function at(root: Tree, path: string): Tree {
  let tree = root;
  for (const segment of path === '' ? [] : path.split('.')) {
    const [, member = '', key, value, first] = SEGMENT.exec(segment) ?? [];
    const same = (branch: Branch): boolean =>
      branch.member === member &&
      branch.where?.[0] === key &&
      branch.where?.[1] === value &&
      branch.first === (first !== undefined);
    let next = tree.branches.find(same);
    if (!next) {
      const where = key !== undefined && value !== undefined ? { where: [key, value] as const } : {};
      next = { member, ...where, first: first !== undefined, to: { acts: [], branches: [] } };
      tree.branches.push(next);
    }
    tree = next.to;
  }
  return tree;
}
