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

/** Up to here a look through the entries is quicker than a set of their keys. */
const FEW = 48;

/** Collects a document's entries, each once. */
export class Sink {
  readonly entries: IndexEntry[] = [];
  readonly ownBases: readonly string[];
  #seen: Set<string> | undefined;
  #tuples = 0;
  /** While a composite value is read: its number; its entries are kept apart until the value is complete. */
  #tuple = 0;

  constructor(ownBases: readonly string[]) {
    this.ownBases = ownBases;
  }

  token(param: string, system: string, code: string): void {
    this.#add({ param, kind: 'token', system, code });
  }

  string(param: string, value: string): void {
    if (value.length > 0) this.#add({ param, kind: 'string', value, normalised: normaliseText(value) });
  }

  range(param: string, low: number, high: number): void {
    this.#add({ param, kind: 'range', low, high });
  }

  quantity(param: string, low: number, high: number, system: string, code: string): void {
    this.#add({ param, kind: 'range', low, high, system, code });
  }

  reference(param: string, type: string, id: string): void {
    this.#add({ param, kind: 'reference', type, id });
  }

  uri(param: string, value: string): void {
    this.#add({ param, kind: 'uri', value });
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

  #add(entry: IndexEntry): void {
    if (this.#tuple > 0) this.entries.push({ ...entry, tuple: this.#tuple });
    else if (this.#isNew(entry)) this.entries.push(entry);
  }

  #isNew(entry: IndexEntry): boolean {
    const { entries } = this;
    if (entries.length < FEW) {
      for (let i = 0; i < entries.length; i++) if (same(entries[i]!, entry)) return false;
      return true;
    }
    this.#seen ??= new Set(entries.filter(({ tuple }) => tuple === undefined).map(keyOf));
    const before = this.#seen.size;
    return this.#seen.add(keyOf(entry)).size > before;
  }
}

function same(a: IndexEntry, b: IndexEntry): boolean {
  if (a.param !== b.param || a.kind !== b.kind || a.tuple !== undefined) return false;
  switch (a.kind) {
    case 'token':
      return b.kind === 'token' && a.code === b.code && a.system === b.system;
    case 'string':
      return b.kind === 'string' && a.value === b.value;
    case 'range':
      return b.kind === 'range' && a.low === b.low && a.high === b.high && a.system === b.system && a.code === b.code;
    case 'reference':
      return b.kind === 'reference' && a.id === b.id && a.type === b.type;
    case 'uri':
      return b.kind === 'uri' && a.value === b.value;
  }
}

function keyOf(entry: IndexEntry): string {
  switch (entry.kind) {
    case 'token':
      return `${entry.param}\n${entry.system}\n${entry.code}`;
    case 'range':
      return `${entry.param}\n${entry.low}\n${entry.high}\n${entry.system ?? ''}\n${entry.code ?? ''}`;
    case 'reference':
      return `${entry.param}\n${entry.type}\n${entry.id}`;
    default:
      return `${entry.param}\n${entry.value}`;
  }
}
