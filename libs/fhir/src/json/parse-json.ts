import { isUtf8 } from 'node:buffer';
import { diagnose } from './diagnose.ts';
import { exactTree } from './exact.ts';
import { countMembers, scan } from './scan.ts';

export interface JsonLimits {
  /** Deepest nesting of objects and arrays that is taken. */
  readonly depth?: number;
}

export type JsonProblemCode =
  'json-encoding' | 'json-byte-order-mark' | 'json-syntax' | 'json-duplicate-key' | 'json-depth' | 'json-character';

/** Why a text was refused. Carries no part of the text, for a text is patient data. */
export interface JsonProblem {
  readonly code: JsonProblemCode;
  /** A constant sentence. */
  readonly message: string;
  /** From 1; where the fault begins. Absent when the bytes are no text. */
  readonly line?: number;
  /** From 1, in UTF-16 code units. */
  readonly column?: number;
  /** FHIRPath of the object or array that holds the fault (`Patient.name[0]`), where it is a plain path. */
  readonly expression?: string;
}

export interface ParsedJson {
  readonly value: unknown;
  /**
   * The same tree with every number that JavaScript would write otherwise kept as `JSON.rawJSON`, so that
   * `JSON.stringify(exact)` writes it as it came. The same object as `value` when there is no such number.
   */
  readonly exact: unknown;
  readonly problem?: undefined;
}

export type JsonOutcome = ParsedJson | { readonly problem: JsonProblem; readonly value?: undefined };

export const DEFAULT_JSON_DEPTH = 64;

/** What each problem says; constants. */
export const JSON_PROBLEMS: Record<JsonProblemCode, string> = {
  'json-encoding': 'The body is not valid UTF-8.',
  'json-byte-order-mark': 'The body begins with a byte order mark; RFC 8259 section 8.1 forbids one.',
  'json-syntax': 'The body is not well-formed JSON.',
  'json-duplicate-key': 'An object has the same property twice.',
  'json-depth': 'The nesting is deeper than this server takes.',
  'json-character': 'A string holds a NUL or half a surrogate pair.',
};

/** Parses JSON as FHIR wants it: no repeated key (R4 2.6.2), valid Unicode, bounded depth, exact decimals. */
export function parseJson(source: string | Uint8Array, limits: JsonLimits = {}): JsonOutcome {
  const depth = limits.depth ?? DEFAULT_JSON_DEPTH;
  const text = typeof source === 'string' ? source : decode(source);
  if (text === undefined) return { problem: { code: 'json-encoding', message: JSON_PROBLEMS['json-encoding'] } };
  if (text.charCodeAt(0) === 0xfeff) return refuse('json-byte-order-mark', text, depth);
  const seen = scan(text, depth);
  if (seen.depth > depth) return refuse('json-depth', text, depth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('json-syntax', text, depth);
  }
  if (seen.badEscape || (typeof source === 'string' && !source.isWellFormed())) {
    return refuse('json-character', text, depth);
  }
  if (countMembers(value) !== seen.members) return refuse('json-duplicate-key', text, depth);
  return { value, exact: seen.lexical === undefined ? value : exactTree(text, value, seen.lexical) };
}

function decode(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function refuse(code: JsonProblemCode, text: string, depth: number): { problem: JsonProblem } {
  const place = diagnose(text, depth);
  // The slow reading names the first fault of the text, which may be another than the one met first.
  const found = place?.code ?? code;
  return { problem: { code: found, message: JSON_PROBLEMS[found], ...(place === undefined ? {} : place.where) } };
}
