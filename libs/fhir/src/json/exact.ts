type Members = Record<string, unknown>;

export interface RawJson {
  readonly rawJSON: string;
}

// TypeScript's library does not know these two of ES2026 yet.
const json = JSON as unknown as { rawJSON(text: string): RawJson; isRawJSON(value: unknown): value is RawJson };

/** A value that `JSON.stringify` writes as `text`, which must be a JSON primitive. */
export const rawJson = (text: string): RawJson => json.rawJSON(text);
export const isRawJson = (value: unknown): value is RawJson => json.isRawJSON(value);

/**
 * A copy of the parsed `text` in which the numbers that `lexical` lists, by their place in document order, are raw.
 * What holds none of them is shared with the value, not copied.
 */
export function exactTree(text: string, value: unknown, lexical: ReadonlyMap<number, string>): unknown {
  const exact = new Exact(lexical);
  const tree = exact.of(value);
  return exact.disordered ? (JSON.parse(text, keepLexical) as unknown) : tree;
}

/** A reviver, slow: JSON.parse hands it the source text of each primitive. */
function keepLexical(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined || String(value) === context.source) return value;
  return rawJson(context.source);
}

class Exact {
  /** Set when a key looks like an index: JavaScript lists these first, so the order is not the document's. */
  disordered = false;
  private number = 0;
  private readonly lexical: ReadonlyMap<number, string>;

  constructor(lexical: ReadonlyMap<number, string>) {
    this.lexical = lexical;
  }

  of(value: unknown): unknown {
    if (typeof value === 'number') {
      const text = this.lexical.get(this.number);
      this.number += 1;
      return text === undefined ? value : rawJson(text);
    }
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? this.list(value as unknown[]) : this.members(value as Members);
  }

  private list(list: unknown[]): unknown[] {
    let copy = list;
    for (let i = 0; i < list.length; i += 1) {
      const made = this.of(list[i]);
      if (made === list[i]) continue;
      if (copy === list) copy = [...list];
      copy[i] = made;
    }
    return copy;
  }

  private members(members: Members): Members {
    let copy = members;
    for (const key in members) {
      const first = key.charCodeAt(0);
      if (first >= 0x30 && first <= 0x39) this.disordered = true;
      const child = members[key];
      if (typeof child === 'string' || typeof child === 'boolean') continue;
      const made = this.of(child);
      if (made === child) continue;
      if (copy === members) copy = { ...members };
      // Defined, not assigned: a key may be `__proto__`.
      Object.defineProperty(copy, key, { value: made, enumerable: true, configurable: true, writable: true });
    }
    return copy;
  }
}

/** The plain tree of an exact one: raw numbers become JavaScript's. The same object when it holds none. */
export function plainOf(exact: unknown): unknown {
  return holdsRaw(exact) ? (JSON.parse(JSON.stringify(exact)) as unknown) : exact;
}

function holdsRaw(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isRawJson(value)) return true;
  for (const key in value) if (holdsRaw((value as Record<string, unknown>)[key])) return true;
  return false;
}
