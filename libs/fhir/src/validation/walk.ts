import type { Env } from '../fhirpath/index.ts';
import { isElementName } from '../model/element-names.ts';
import { isResourceType } from '../model/resource-type.ts';
import { isBound } from './bindings.ts';
import { brokenLink, hasUnreferencedContained, isPeriodInOrder, type LocalLink } from './built-in.ts';
import { type Issue, issue, type IssueCode } from './issue.ts';
import { isSafeNarrative } from './narrative.ts';
import { type Plan, planOf, type Slot } from './plan.ts';

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * One pass over a resource that notes everything wrong with it. A sound resource costs no path and no issue:
 * the way to the current element is kept in two arrays, and is written out only for an issue.
 */
export class Walk {
  readonly issues: Issue[] = [];
  private readonly steps: string[] = [];
  private readonly indexes: number[] = [];
  private readonly env: Env = { resource: undefined, root: undefined, context: undefined, undecided: false };

  private links: LocalLink[] = [];

  private readonly start: string;
  private readonly limit: number;

  constructor(start: string, limit: number) {
    this.start = start;
    this.limit = limit;
  }

  /** Validates a resource at the given depth of the path; `contained` when it stands within another. */
  resource(value: unknown, depth: number, contained: boolean): void {
    if (!isObject(value)) return this.add(depth, 'not-an-object');
    const type = value['resourceType'];
    const plan = isResourceType(type) ? planOf(type) : undefined;
    if (plan === undefined) return this.add(depth, 'unknown-resource-type');
    const { resource } = this.env;
    this.env.resource = value;
    if (contained) this.members(value, plan, depth);
    else this.rootMembers(value, plan, depth);
    this.env.resource = resource;
  }

  /** A resource that stands by itself, as a bundle's entries do: what is contained in it is referred to in it. */
  private rootMembers(value: Members, plan: Plan, depth: number): void {
    const { links } = this;
    const { root } = this.env;
    this.links = [];
    this.env.root = value;
    this.members(value, plan, depth);
    if (value['contained'] !== undefined && hasUnreferencedContained(value, this.links)) {
      this.add(depth, 'invariant-broken', 'dom-3: a contained resource must be referred to from the resource');
    }
    this.links = links;
    this.env.root = root;
  }

  private members(value: Members, plan: Plan, depth: number): void {
    let seen = 0;
    let count = 0;
    for (const key in value) {
      const slot = plan.slots.get(key);
      count += 1;
      if (slot === undefined) {
        this.unknown(key, count - 1, depth);
        continue;
      }
      if (slot.kind === 'name') continue;
      if (slot.bit !== 0) {
        if ((seen & slot.bit) !== 0 && slot.choice) this.checkChoice(value, plan, slot, depth);
        seen |= slot.bit;
      }
      this.steps[depth] = slot.step;
      this.indexes[depth] = -1;
      this.property(value[key], slot, value, depth + 1);
    }
    if ((seen & plan.required) !== plan.required) this.missing(seen, plan, depth);
    if (!plan.isResource && (count === 0 || (count === 1 && value['id'] !== undefined)))
      this.add(depth, 'empty-object');
    this.rules(value, plan, depth);
  }

  private property(value: unknown, slot: Slot, parent: Members, depth: number): void {
    if (!slot.list) {
      if (Array.isArray(value)) this.add(depth, 'not-repeating');
      else this.item(value, slot, parent, -1, depth);
      return;
    }
    if (!Array.isArray(value)) return this.add(depth, 'not-an-array');
    if (value.length === 0) return this.add(depth, 'empty-array');
    for (let i = 0; i < value.length; i += 1) {
      this.indexes[depth - 1] = i;
      this.item(value[i], slot, parent, i, depth);
    }
  }

  private item(value: unknown, slot: Slot, parent: Members, index: number, depth: number): void {
    switch (slot.kind) {
      case 'primitive':
        this.primitive(value, slot, parent, index, depth);
        break;
      case 'complex':
        if (!isObject(value)) return this.add(depth, value === null ? 'null-value' : 'not-an-object');
        this.members(value, (slot.plan ??= planOf(slot.type)!), depth);
        if (slot.targets !== undefined) this.target(value, slot.targets, depth);
        if (slot.bound !== undefined && !isBound(value, slot.type, slot.bound)) this.add(depth, 'code-not-bound');
        break;
      case 'resource':
        this.resource(value, depth, slot.step === 'contained');
        break;
      case 'extras':
        this.extras(value, slot, parent, index, depth);
    }
    if (slot.invariants.length > 0) this.invariants(value, slot.invariants, depth);
  }

  private primitive(value: unknown, slot: Slot, parent: Members, index: number, depth: number): void {
    if (!slot.accepts(value)) {
      if (value === null && index >= 0 && isObject(at(parent[slot.partner], index))) return;
      const code = value === null ? 'null-value' : typeof value === slot.jsonType ? 'bad-value' : 'wrong-json-type';
      return this.add(depth, code);
    }
    if (slot.local && (value as string).charCodeAt(0) === 0x23) {
      this.links.push({ link: value as string, from: this.env.resource });
    }
    if (slot.bound !== undefined && !slot.bound.codes.has(value as string)) this.add(depth, 'code-not-bound');
    if (slot.type === 'xhtml' && !isSafeNarrative(value as string)) this.add(depth, 'unsafe-narrative');
  }

  /** The id and extensions of a primitive, in the property beside it (R4 2.6.2.3). */
  private extras(value: unknown, slot: Slot, parent: Members, index: number, depth: number): void {
    const partner = index < 0 ? parent[slot.partner] : at(parent[slot.partner], index);
    const hasValue = partner !== undefined && partner !== null;
    if (value === null && index >= 0 && hasValue) return;
    if (!isObject(value)) return this.add(depth, value === null ? 'null-value' : 'not-an-object');
    // Beside a value the id alone is content; `members` would call it empty.
    if (hasValue && value['id'] !== undefined && Object.keys(value).length === 1) {
      if (typeof value['id'] !== 'string' || value['id'] === '') this.add(depth, 'bad-value');
      return;
    }
    this.members(value, (slot.plan ??= planOf(slot.type)!), depth);
  }

  /** A choice may have its value in one property and that value's extensions in another, and no third. */
  private checkChoice(value: Members, plan: Plan, slot: Slot, depth: number): void {
    const keys = new Set<string>();
    for (const key in value) {
      if (plan.slots.get(key)?.bit === slot.bit) keys.add(key.charCodeAt(0) === 0x5f ? key.slice(1) : key);
    }
    if (keys.size < 2) return;
    this.steps[depth] = slot.step;
    this.indexes[depth] = -1;
    this.add(depth + 1, 'two-choices');
  }

  private rules(value: Members, plan: Plan, depth: number): void {
    if (plan.type === 'Reference') {
      const link = value['reference'];
      if (typeof link === 'string' && link.charCodeAt(0) === 0x23 && brokenLink(link, this.env.root)) {
        this.add(depth, 'invariant-broken', 'ref-1: a local reference must refer to a contained resource');
      }
    } else if (plan.type === 'Extension') {
      if ((value['extension'] !== undefined) === hasValueX(value, plan)) {
        this.add(depth, 'invariant-broken', 'ext-1: must have either extensions or value[x], not both');
      }
    } else if (plan.type === 'Period' && !isPeriodInOrder(value)) {
      this.add(depth, 'invariant-broken', 'per-1: if present, start must not be after end');
    }
    if (plan.invariants.length > 0) this.invariants(value, plan.invariants, depth);
  }

  private invariants(value: unknown, invariants: Plan['invariants'], depth: number): void {
    for (const { key, human, holds } of invariants) {
      if (!holds(value, this.env)) this.add(depth, 'invariant-broken', `${key}: ${human}`);
    }
  }

  /** A literal reference tells the type it refers to; R4 says which types may stand there. */
  private target(value: Members, targets: ReadonlySet<string>, depth: number): void {
    const link = value['reference'];
    if (typeof link !== 'string') return;
    const type = referredType(link);
    if (type !== undefined && !targets.has(type)) this.add(depth, 'wrong-target');
  }

  private missing(seen: number, plan: Plan, depth: number): void {
    for (const { element, bit } of plan.elements) {
      if (!element.required || (seen & bit) !== 0) continue;
      this.steps[depth] = element.name;
      this.indexes[depth] = -1;
      this.add(depth + 1, 'missing-element');
    }
  }

  /** A name that R4 has nowhere may be somebody's data: it is told by its place among the object's properties. */
  private unknown(key: string, index: number, depth: number): void {
    const told = isElementName(key);
    this.steps[depth] = told ? key : 'children()';
    this.indexes[depth] = told ? -1 : index;
    this.add(depth + 1, 'unknown-element');
  }

  private add(depth: number, code: IssueCode, diagnostics?: string): void {
    if (this.issues.length > this.limit) return;
    if (this.issues.length === this.limit) {
      this.issues.push(issue('too-many-issues', this.start));
      return;
    }
    let path = this.start;
    for (let i = 0; i < depth; i += 1) {
      path += `.${this.steps[i]!}`;
      if (this.indexes[i]! >= 0) path += `[${this.indexes[i]!}]`;
    }
    this.issues.push(issue(code, path, diagnostics));
  }
}

const at = (list: unknown, index: number): unknown => (Array.isArray(list) ? (list as unknown[])[index] : undefined);

function hasValueX(value: Members, plan: Plan): boolean {
  for (const key in value) if (plan.slots.get(key)?.choice === true) return true;
  return false;
}

const LITERAL =
  /^(?:https?:\/\/[^?#]*\/)?([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?|\?.*)$/;

/** The resource type that a literal or conditional reference names; undefined for others (`urn:uuid:`, `#x`). */
function referredType(link: string): string | undefined {
  const c = link.charCodeAt(0);
  if (c === 0x23 || (c === 0x75 && link.startsWith('urn:'))) return undefined;
  const type = LITERAL.exec(link)?.[1];
  return isResourceType(type) ? type : undefined;
}
