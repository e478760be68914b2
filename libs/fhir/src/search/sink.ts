import type { IndexEntry } from '@anamnesis/read-store';
import { normaliseText } from './strings.ts';

/** The names a parameter's entries go by. */
export interface EntryName {
  readonly name: string;
  /** `<name>:text`; absent inside composites, which know no modifiers. */
  readonly text?: string;
  /** `<name>:identifier`. */
  readonly identifier?: string;
  /** `<name>:of-type`. */
  readonly ofType?: string;
  readonly foldCase: boolean;
}

/** Collects a document's entries, each once. */
export class Sink {
  readonly entries: IndexEntry[] = [];
  readonly ownBases: readonly string[];
  readonly #seen = new Set<string>();
  #tuples = 0;
  /** While a composite value is read: its number; its entries are kept apart until the value is complete. */
  #tuple = 0;

  constructor(ownBases: readonly string[]) {
    this.ownBases = ownBases;
  }

  token(param: string, system: string, code: string): void {
    if (this.#isNew(`${param}\n${system}\n${code}`)) this.#add({ param, kind: 'token', system, code });
  }

  string(param: string, value: string): void {
    if (value.length === 0 || !this.#isNew(`${param}\n${value}`)) return;
    this.#add({ param, kind: 'string', value, normalised: normaliseText(value) });
  }

  range(param: string, low: number, high: number): void {
    if (this.#isNew(`${param}\n${low}\n${high}`)) this.#add({ param, kind: 'range', low, high });
  }

  quantity(param: string, low: number, high: number, system: string, code: string): void {
    if (this.#isNew(`${param}\n${low}\n${high}\n${system}\n${code}`))
      this.#add({ param, kind: 'range', low, high, system, code });
  }

  reference(param: string, type: string, id: string): void {
    if (this.#isNew(`${param}\n${type}\n${id}`)) this.#add({ param, kind: 'reference', type, id });
  }

  uri(param: string, value: string): void {
    if (this.#isNew(`${param}\n${value}`)) this.#add({ param, kind: 'uri', value });
  }

  /** Reads one composite value: its entries count only when every component has given one. */
  composite(components: readonly (() => void)[]): void {
    const start = this.entries.length;
    this.#tuple = ++this.#tuples;
    const complete = components.every((read) => {
      const before = this.entries.length;
      read();
      return this.entries.length > before;
    });
    if (!complete) {
      this.entries.length = start;
      this.#tuples--;
    }
    this.#tuple = 0;
  }

  #isNew(key: string): boolean {
    if (this.#tuple > 0) return true;
    const before = this.#seen.size;
    return this.#seen.add(key).size > before;
  }

  #add(entry: IndexEntry): void {
    this.entries.push(this.#tuple === 0 ? entry : { ...entry, tuple: this.#tuple });
  }
}
