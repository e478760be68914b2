import type { Condition } from '../query.ts';
import { QueryRefused } from '../query-refused.ts';
import { ALL, and, anyHash, anyId, anyPair, hasHash, NONE, not, or, textFrom, type Filter } from './filters.ts';
import { KINDS, stringText, uriText, type Keys } from './keys.ts';
import { instantFilter, rangeFilter, rangeRow } from './range-filters.ts';

/** Conditions that no filter expresses: what they find is looked up, and stands in the filter as its result. */
export type Looked = Extract<Condition, { refersTo: unknown } | { referredBy: unknown } | { subjectOf: unknown }>;
export type Contains = Extract<Condition, { string: unknown }> & { readonly string: { readonly contains: string } };
export type Checked = Looked | Contains;

/** BSON may be nested 100 levels deep; a condition takes up to three. */
const MAX_DEPTH = 30;
const MAX_CONDITIONS = 20_000;
/** `:above` asks for every beginning of a URI. */
const MAX_URI = 10_000;

export const isContains = (condition: Condition): condition is Contains =>
  'string' in condition && 'contains' in condition.string;

export const isChecked = (condition: Condition): condition is Checked =>
  'refersTo' in condition || 'referredBy' in condition || 'subjectOf' in condition || isContains(condition);

/** The parts of a condition on the same document. */
function parts(condition: Condition): readonly Condition[] {
  if ('all' in condition) return condition.all;
  if ('any' in condition) return condition.any;
  if ('not' in condition) return [condition.not];
  return 'composite' in condition ? condition.composite : [];
}

/** Those on one document that must be looked up; throws `QueryRefused` when there are too many conditions. */
export function checkedIn(condition: Condition | undefined): Checked[] {
  const found: Checked[] = [];
  let conditions = 0;
  const visit = (one: Condition, depth: number): void => {
    conditions += 1;
    if (depth > MAX_DEPTH || conditions > MAX_CONDITIONS) throw new QueryRefused('query-too-large');
    if (isChecked(one)) {
      found.push(one);
      if ('refersTo' in one) visit(one.refersTo.where, depth + 1);
      if ('referredBy' in one) visit(one.referredBy.where, depth + 1);
      if ('subjectOf' in one) visit(one.subjectOf.where, depth + 1);
    }
    for (const part of parts(one)) visit(part, depth + 1);
  };
  if (condition !== undefined) visit(condition, 0);
  const own = new Set<Condition>(ownChecked(condition));
  return found.filter((one) => own.has(one));
}

function ownChecked(condition: Condition | undefined): Checked[] {
  if (condition === undefined) return [];
  return isChecked(condition) ? [condition] : parts(condition).flatMap(ownChecked);
}

/** `most`: documents that may meet the condition; `least`: that surely do. They differ where something is not known. */
export type Bound = 'most' | 'least';

/** Conditions on documents of one type as a filter. */
export class Compiler {
  readonly #keys: Keys;
  readonly #type: string;
  readonly #known: ReadonlyMap<Condition, Filter>;

  /** `known`: what was looked up, by the condition itself. */
  constructor(keys: Keys, type: string, known: ReadonlyMap<Condition, Filter> = new Map()) {
    this.#keys = keys;
    this.#type = type;
    this.#known = known;
  }

  filter(condition: Condition, bound: Bound = 'most'): Filter {
    const known = this.#known.get(condition);
    if (known !== undefined) return known;
    if ('all' in condition) return and(condition.all.map((part) => this.filter(part, bound)));
    if ('any' in condition) return or(condition.any.map((part) => this.filter(part, bound)));
    if ('not' in condition) return not(this.filter(condition.not, bound === 'most' ? 'least' : 'most'));
    if ('ids' in condition) return anyId(condition.ids.map((id) => `${this.#type}/${id}`));
    if ('subject' in condition) return condition.subject.length === 0 ? NONE : { sub: { $in: condition.subject } };
    if ('ownerless' in condition) return { sub: null };
    if ('lastUpdated' in condition) return instantFilter('u', condition.lastUpdated);
    if ('composite' in condition) return this.#composite(condition.composite);
    if (isChecked(condition)) return bound === 'least' ? NONE : this.#unchecked(condition);
    return this.#leaf(condition, false);
  }

  /** What is not looked up yet: documents that have such entries at all. */
  #unchecked(condition: Checked): Filter {
    return 'param' in condition ? this.#has(condition.param) : ALL;
  }

  /** One value must meet every component; that each is met by some value is said as well, for the indexes. */
  #composite(components: readonly Condition[]): Filter {
    const within = components.map((component) => this.#inTuple(component));
    const outside = components.filter((component) => 'param' in component && !('missing' in component));
    return and([
      ...outside.map((component) => this.filter(component)),
      // A field's condition comes first: that makes it a condition on elements, for every engine.
      { c: { $elemMatch: { n: { $gt: 0 }, ...and(within) } } },
    ]);
  }

  #inTuple(condition: Condition): Filter {
    if ('all' in condition) return and(condition.all.map((part) => this.#inTuple(part)));
    if ('any' in condition) return or(condition.any.map((part) => this.#inTuple(part)));
    if ('not' in condition) return not(this.#inTuple(condition.not));
    if ('composite' in condition) return and(condition.composite.map((part) => this.#inTuple(part)));
    if (!('param' in condition) || isChecked(condition)) {
      throw new TypeError('a component of a composite is a condition on a value');
    }
    return this.#leaf(condition, true);
  }

  #leaf(condition: Exclude<Extract<Condition, { param: string }>, Checked>, inTuple: boolean): Filter {
    const [keys, type, param] = [this.#keys, this.#type, condition.param];
    if ('missing' in condition) {
      const there = inTuple ? anyHash(KINDS.map((kind) => keys.present(type, param, kind))) : this.#has(param);
      return condition.missing ? not(there) : there;
    }
    if ('token' in condition) return this.#token(param, condition.token, inTuple);
    if ('reference' in condition) {
      const { type: of, id } = condition.reference;
      if (of === undefined) return hasHash(keys.value(type, param, 'reference', id));
      return anyPair([keys.found(type, param, 'reference', of, id)]);
    }
    if ('string' in condition) return this.#string(param, condition.string as { prefix: string } | { exact: string });
    if ('uri' in condition) return this.#uri(param, condition.uri);
    if ('range' in condition) {
      const unit = {
        ...(condition.system === undefined ? {} : { s: keys.short(condition.system) }),
        ...(condition.code === undefined ? {} : { c: keys.short(condition.code) }),
      };
      const name = keys.name(type, param);
      if (inTuple) return rangeRow(name, condition.range, unit);
      return rangeFilter(name, condition.range, unit);
    }
    throw new TypeError('a chain is no condition on one document');
  }

  /** Sort values are kept of every parameter that has entries. */
  #has(param: string): Filter {
    return { [`o.${this.#keys.name(this.#type, param)}`]: { $exists: true } };
  }

  #token(param: string, test: { readonly system?: string; readonly code?: string }, inTuple: boolean): Filter {
    const [keys, type] = [this.#keys, this.#type];
    const { system, code } = test;
    if (code !== undefined) {
      if (system === undefined) return hasHash(keys.value(type, param, 'token', code));
      return anyPair([keys.found(type, param, 'token', system, code)]);
    }
    if (system !== undefined) return hasHash(keys.system(type, param, system));
    return inTuple ? hasHash(keys.present(type, param, 'token')) : this.#has(param);
  }

  #string(param: string, test: { readonly prefix: string } | { readonly exact: string }): Filter {
    if ('exact' in test) return hasHash(this.#keys.value(this.#type, param, 'string', test.exact));
    return textFrom(stringText(this.#keys.name(this.#type, param), test.prefix));
  }

  /** R4 search section 3.1.1.4.9: `:below` is a match from the left, `:above` the reverse. */
  #uri(param: string, test: Extract<Condition, { uri: unknown }>['uri']): Filter {
    const hash = (value: string) => this.#keys.value(this.#type, param, 'uri', value);
    if ('exact' in test) return hasHash(hash(test.exact));
    if ('below' in test) return textFrom(uriText(this.#keys.name(this.#type, param), test.below));
    if (test.above.length > MAX_URI) throw new QueryRefused('query-too-large');
    return anyHash(Array.from({ length: test.above.length + 1 }, (_, end) => hash(test.above.slice(0, end))));
  }
}
