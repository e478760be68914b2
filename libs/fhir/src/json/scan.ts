/**
 * One pass over JSON text before it is parsed: counts what JSON.parse would hide.
 *
 * It trusts nothing: on malformed text it ends with whatever it counted, and JSON.parse refuses the text.
 */
export interface Scan {
  /** Object members in the text; more than the parsed value has means that a key was repeated. */
  members: number;
  /** The deepest nesting of objects and arrays. */
  depth: number;
  /**
   * The numbers that JavaScript would write otherwise (`1.00`, `1e2`, `-0`, 30 digits): by their place among all
   * numbers of the text, counted from 0, the way they are written. Undefined when there are none.
   */
  lexical: Map<number, string> | undefined;
  /** Whether a `\u` escape yields half a surrogate pair, or a NUL. */
  badEscape: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/** The integers of at most 15 digits are written in one way only; anything else is compared. */
const SAFE_DIGITS = 15;

/** Scans `text`, giving up once nesting exceeds `maxDepth` (then `depth` is `maxDepth + 1`). */
export function scan(text: string, maxDepth: number): Scan {
  const result: Scan = { members: 0, depth: 0, lexical: undefined, badEscape: false };
  const end = text.length;
  let members = 0;
  let numbers = 0;
  let open = 0;
  let at = 0;
  // Where the next backslash stands: a string that closes before it holds no escape and is skipped at once.
  let escape = nextOf(text, '\\', 0);
  while (at < end) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) {
      const close = nextOf(text, '"', at + 1);
      if (close < escape) at = close + 1;
      else {
        at = skipString(text, at + 1, end, result);
        if (escape < at) escape = nextOf(text, '\\', at);
      }
    } else if (c <= 0x20 || c === COMMA) {
      at += 1;
    } else if (c === COLON) {
      members += 1;
      at += 1;
    } else if (c === 0x7b || c === 0x5b) {
      open += 1;
      if (open > result.depth) {
        result.depth = open;
        if (open > maxDepth) return result;
      }
      at += 1;
    } else if (c === 0x7d || c === 0x5d) {
      open -= 1;
      at += 1;
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const start = at;
      at = endOfNumber(text, at + 1, end);
      if (isLexical(text, start, at)) (result.lexical ??= new Map()).set(numbers, text.slice(start, at));
      numbers += 1;
    } else {
      at += 1;
    }
  }
  result.members = members;
  return result;
}

/** As `indexOf`, but past the end where there is none. */
function nextOf(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length + 1 : found;
}

/** `at` stands after the opening quote; the answer stands after the closing one, or at `end`. */
function skipString(text: string, at: number, end: number, result: Scan): number {
  while (at < end) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) return at + 1;
    if (c !== BACKSLASH) at += 1;
    else if (text.charCodeAt(at + 1) !== 0x75) at += 2;
    else {
      const unit = hex4(text, at + 2);
      at += 6;
      if (unit === 0) result.badEscape = true;
      else if (unit >= 0xd800 && unit <= 0xdfff) {
        const low = unit < 0xdc00 && text.charCodeAt(at) === BACKSLASH && text.charCodeAt(at + 1) === 0x75;
        const next = low ? hex4(text, at + 2) : 0;
        if (next >= 0xdc00 && next <= 0xdfff) at += 6;
        else result.badEscape = true;
      }
    }
  }
  return end;
}

/** The value of four hexadecimal digits at `at`, -1 when they are not. */
export function hex4(text: string, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i += 1) {
    const c = text.charCodeAt(i);
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function endOfNumber(text: string, at: number, end: number): number {
  while (at < end) {
    const c = text.charCodeAt(at);
    // digits, '.', '+', '-', 'e', 'E'
    if ((c < 0x30 || c > 0x39) && c !== 0x2e && c !== 0x2b && c !== 0x2d && (c | 0x20) !== 0x65) break;
    at += 1;
  }
  return at;
}

function isLexical(text: string, start: number, end: number): boolean {
  if (end - start <= SAFE_DIGITS && text.charCodeAt(start) !== 0x2d) {
    let at = start;
    while (at < end && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at += 1;
    if (at === end) return false;
  }
  const token = text.slice(start, end);
  return String(Number(token)) !== token;
}

/** Counts the members of all objects in a parsed value. The value's depth is bounded by the scan before. */
export function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const child: unknown = value[i];
      if (typeof child === 'object' && child !== null) count += countMembers(child);
    }
    return count;
  }
  for (const key in value) {
    count += 1;
    const child = (value as Record<string, unknown>)[key];
    if (typeof child === 'object' && child !== null) count += countMembers(child);
  }
  return count;
}
