import type { ParsedJson } from './parse-json.ts';

export interface ParsedEntry {
  /** The entry as plain JSON. */
  readonly value: Readonly<Record<string, unknown>>;
  /** The same entry with its numbers as they were written; its `resource` goes to `canonicalResource`. */
  readonly exact: Readonly<Record<string, unknown>>;
}

/** The entries of a parsed bundle, which are not parsed again. None when `entry` is missing or no array. */
export function bundleEntries({ value, exact }: ParsedJson): ParsedEntry[] {
  const values = listOf(value);
  const exacts = exact === value ? values : listOf(exact);
  return values.map((entry, index) => ({ value: entry, exact: exacts[index]! }));
}

function listOf(bundle: unknown): Record<string, unknown>[] {
  const entry = (bundle as { entry?: unknown } | null)?.entry;
  if (!Array.isArray(entry)) return [];
  return entry.map((one: unknown) => (typeof one === 'object' && one !== null ? (one as Record<string, unknown>) : {}));
}
