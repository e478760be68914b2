import type { IndexEntry } from '../entries.ts';
import { hash31, hash53, type Seed } from '../embedded/hash.ts';
import type { Pair } from './filters.ts';
import { orderedNumber } from './ordered-number.ts';

export type Kind = IndexEntry['kind'];
export const KINDS: readonly Kind[] = ['token', 'string', 'range', 'reference', 'uri'];

/** More parameters and systems than any record has; queries may name whatever they like. */
const KEPT = 20_000;

/** Of one parameter's entries of one kind: seeds of their own, so that equal values of two have nothing in common. */
interface KindKeys {
  readonly value: Seed;
  readonly system: Seed;
  readonly pair: Seed;
  readonly present: number;
}

interface ParamKeys {
  readonly name: string;
  readonly kinds: Readonly<Record<Kind, KindKeys>>;
}

/** What entries are found by: keyed hashes for equality, marked text for order. Conditions ask for the same. */
export class Keys {
  readonly #seed: Seed;
  readonly #params = new Map<string, Map<string, ParamKeys>>();
  readonly #short = new Map<string, number>();
  #kept = 0;

  constructor([k0, k1]: readonly [number, number]) {
    this.#seed = { k0, k1 };
  }

  #param(type: string, param: string): ParamKeys {
    const known = this.#params.get(type)?.get(param);
    if (known !== undefined) return known;
    if (this.#kept >= KEPT) {
      this.#params.clear();
      this.#kept = 0;
    }
    const made = this.#make(type, param);
    const ofType = this.#params.get(type) ?? new Map<string, ParamKeys>();
    this.#params.set(type, ofType.set(param, made));
    this.#kept += 1;
    return made;
  }

  #make(type: string, param: string): ParamKeys {
    const hash = (use: string) => hash53(this.#seed, `${use}\0${type}\0${param}`);
    const seed = (use: string): Seed => {
      const derived = hash(use);
      return { k0: derived | 0, k1: (this.#seed.k1 ^ Math.floor(derived / 0x1_0000_0000)) | 0 };
    };
    const ofKind = (kind: Kind): KindKeys => ({
      value: seed(`${kind} value`),
      system: seed(`${kind} system`),
      pair: seed(`${kind} pair`),
      present: hash(kind),
    });
    const kinds = Object.fromEntries(KINDS.map((kind) => [kind, ofKind(kind)])) as Record<Kind, KindKeys>;
    return { name: hash('name').toString(36), kinds };
  }

  /** What an index finds a token or a reference by, and what it must have as well. */
  found(type: string, param: string, kind: 'token' | 'reference', first: string, second: string): Pair {
    return [this.value(type, param, kind, second), this.pair(type, param, kind, first, second)];
  }

  /** The parameter as it stands in text and in rows. */
  name(type: string, param: string): string {
    return this.#param(type, param).name;
  }

  present(type: string, param: string, kind: Kind): number {
    return this.#param(type, param).kinds[kind].present;
  }

  /** A token's code, a reference's id, a string as written, a URI. */
  value(type: string, param: string, kind: Kind, value: string): number {
    return hash53(this.#param(type, param).kinds[kind].value, value);
  }

  system(type: string, param: string, system: string): number {
    return hash53(this.#param(type, param).kinds.token.system, system);
  }

  /** A token's system and code, a reference's type and id. */
  pair(type: string, param: string, kind: 'token' | 'reference', first: string, second: string): number {
    return hash53(this.#param(type, param).kinds[kind].pair, `${first}\0${second}`);
  }

  /** Systems and units: few, met with every entry; '' is 0. */
  short(text: string): number {
    const known = this.#short.get(text);
    if (known !== undefined) return known;
    if (this.#short.size >= KEPT) this.#short.clear();
    const hash = hash31(this.#seed, text);
    this.#short.set(text, hash);
    return hash;
  }
}

/** Ordered text. No name has these marks, so no value runs into another parameter's. */
export const stringText = (name: string, normalised: string): string => `${name}:${normalised}`;
export const uriText = (name: string, value: string): string => `${name}/${value}`;
/** A number by itself, and the ends of an interval. */
export const pointText = (name: string, value: number): string => `${name}=${orderedNumber(value)}`;
export const lowText = (name: string, low: number): string => `${name}<${orderedNumber(low)}`;
export const highText = (name: string, high: number): string => `${name}>${orderedNumber(high)}`;
export const referenceText = (name: string, type: string, id: string): string => `${name} ${type}/${id}`;
