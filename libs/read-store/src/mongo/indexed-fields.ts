import type { IndexEntry } from '../entries.ts';
import { finite } from '../embedded/index-rows.ts';
import { highText, lowText, pointText, referenceText, stringText, uriText, type Keys } from './keys.ts';
import type { IndexFields, RangeRow, StoredDocument } from './schema.ts';

export type EntryFields = Pick<StoredDocument, 'k' | 'y' | 's' | 'r' | 'c' | 'e' | 'o' | 'm'>;

interface Gathered {
  readonly k: Set<number>;
  readonly y: Set<number>;
  readonly s: Set<string>;
  readonly r: RangeRow[];
}

const gathered = (): Gathered => ({ k: new Set(), y: new Set(), s: new Set(), r: [] });
const fields = ({ k, y, s, r }: Gathered): IndexFields => ({ k: [...k], y: [...y], s: [...s], r });

/** The fields that a document of the type with these entries is found, checked and sorted by. */
export function entryFields(keys: Keys, type: string, entries: readonly IndexEntry[]): EntryFields {
  const whole = gathered();
  const tuples = new Map<number, Gathered>();
  const e = new Set<string>();
  const o: Record<string, string | number> = {};
  const m: Record<string, string | number> = {};
  for (const entry of entries) {
    add(whole, keys, type, entry);
    if (entry.tuple !== undefined && entry.tuple > 0) {
      let tuple = tuples.get(entry.tuple);
      if (tuple === undefined) tuples.set(entry.tuple, (tuple = gathered()));
      // A whole document says by its sort values which parameters it has.
      tuple.k.add(keys.present(type, entry.param, entry.kind));
      add(tuple, keys, type, entry);
    }
    const name = keys.name(type, entry.param);
    if (entry.kind === 'reference' && entry.type !== '') e.add(referenceText(name, entry.type, entry.id));
    extend(o, m, name, sortValue(entry));
  }
  const c = Array.from(tuples, ([n, tuple]) => ({ n, ...fields(tuple) }));
  return { ...fields(whole), c, e: [...e], o, m };
}

function add({ k, y, s, r }: Gathered, keys: Keys, type: string, entry: IndexEntry): void {
  const { param } = entry;
  switch (entry.kind) {
    case 'token':
      k.add(keys.value(type, param, entry.kind, entry.code));
      k.add(keys.system(type, param, entry.system));
      y.add(keys.pair(type, param, entry.kind, entry.system, entry.code));
      break;
    case 'reference':
      k.add(keys.value(type, param, entry.kind, entry.id));
      y.add(keys.pair(type, param, entry.kind, entry.type, entry.id));
      break;
    case 'string':
      k.add(keys.value(type, param, entry.kind, entry.value));
      s.add(stringText(keys.name(type, param), entry.normalised));
      break;
    case 'uri':
      k.add(keys.value(type, param, entry.kind, entry.value));
      s.add(uriText(keys.name(type, param), entry.value));
      break;
    case 'range':
      addRange({ s, r }, keys, keys.name(type, param), entry);
  }
}

function addRange(
  { s, r }: Pick<Gathered, 's' | 'r'>,
  keys: Keys,
  p: string,
  entry: Extract<IndexEntry, { kind: 'range' }>,
): void {
  const [l, h] = [finite(entry.low), finite(entry.high)];
  if (l === h) s.add(pointText(p, l));
  else s.add(lowText(p, l)).add(highText(p, h));
  r.push({ p, l, h, s: keys.short(entry.system ?? ''), c: keys.short(entry.code ?? '') });
}

function sortValue(entry: IndexEntry): string | number {
  if (entry.kind === 'token') return entry.code;
  if (entry.kind === 'reference') return entry.id;
  if (entry.kind === 'range') return finite(entry.low);
  return entry.kind === 'uri' ? entry.value : entry.normalised;
}

type Values = Record<string, string | number>;

function extend(least: Values, greatest: Values, name: string, value: string | number): void {
  const low = least[name];
  if (low === undefined) {
    least[name] = value;
    return;
  }
  const order = compareValues(value, low);
  if (order === 0) return;
  const high = greatest[name] ?? low;
  if (order < 0) {
    least[name] = value;
    greatest[name] = high;
  } else if (compareValues(value, high) > 0) {
    greatest[name] = value;
  }
}

const SURROGATE = /[\uD800-\uDFFF]/;

/** As the database orders values: numbers before text, text by code points. */
function compareValues(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  if (a === b) return 0;
  const surrogates = typeof a === 'string' && (SURROGATE.test(a) || SURROGATE.test(b as string));
  if (surrogates) return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a < b ? -1 : 1;
}
