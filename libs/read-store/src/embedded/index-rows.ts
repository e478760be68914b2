import type { IndexEntry } from '../entries.ts';
import { hash31, hash53, type Seed } from './hash.ts';
import type { InternedNames } from './names.ts';

/** A row of an index table without its `rid`, in the order of the table's key. */
export type TokenRow = [param: number, code: number, system: number, tuple: number, text: string];
export type StringRow = [param: number, normalised: string, exact: number, tuple: number];
export type RangeRow = [param: number, low: number, high: number, system: number, code: number, tuple: number];

export interface IndexRows {
  readonly tokens: TokenRow[];
  readonly strings: StringRow[];
  readonly ranges: RangeRow[];
}

/** SQLite's REAL has infinities, but its text forms do not: the largest finite numbers stand for open ends. */
export function finite(bound: number): number {
  if (Number.isNaN(bound)) throw new RangeError('a range bound is not a number');
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, bound));
}

/** How entries become rows. References are tokens: the code is the id, the system is the type. */
export class Indexer {
  readonly #seed: Seed;
  readonly #names: InternedNames;
  /** Few systems and units, met with every entry. */
  readonly #systems = new Map<string, number>();

  constructor(seed: Seed, names: InternedNames) {
    this.#seed = seed;
    this.#names = names;
  }

  rows(type: number, entries: readonly IndexEntry[]): IndexRows {
    const rows: IndexRows = { tokens: [], strings: [], ranges: [] };
    for (const entry of entries) {
      const param = this.#names.param(type, entry.param, entry.kind);
      const tuple = entry.tuple ?? 0;
      switch (entry.kind) {
        case 'token':
          rows.tokens.push([param, hash53(this.#seed, entry.code), this.#system(entry.system), tuple, entry.code]);
          break;
        case 'reference':
          rows.tokens.push([param, hash53(this.#seed, entry.id), this.#system(entry.type), tuple, entry.id]);
          break;
        case 'string':
          rows.strings.push([param, entry.normalised, hash53(this.#seed, entry.value), tuple]);
          break;
        case 'uri':
          rows.strings.push([param, entry.value, 0, tuple]);
          break;
        case 'range':
          rows.ranges.push([
            param,
            finite(entry.low),
            finite(entry.high),
            this.#system(entry.system ?? ''),
            this.#system(entry.code ?? ''),
            tuple,
          ]);
      }
    }
    return rows;
  }

  #system(text: string): number {
    const known = this.#systems.get(text);
    if (known !== undefined) return known;
    const hash = hash31(this.#seed, text);
    if (this.#systems.size >= 10_000) this.#systems.clear();
    this.#systems.set(text, hash);
    return hash;
  }
}
