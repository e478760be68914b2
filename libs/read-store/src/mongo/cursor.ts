import { createHash } from 'node:crypto';
import type { Query } from '../query.ts';
import { QueryRefused } from '../query-refused.ts';
import type { Place, SortValue } from './ordering.ts';

const DIGEST_BYTES = 12;

/**
 * A place as text that a client carries: base64url of a digest and the place. The digest covers the query, so that a
 * cursor fits only its own, and finds what was altered by mistake. Whoever forges one deliberately gains nothing: every
 * condition of the query is applied again.
 */
export function writeCursor(query: Query, { values, first, id }: Place): string {
  const payload = Buffer.from(JSON.stringify([first, id, ...values]));
  return Buffer.concat([digest(query, payload), payload]).toString('base64url');
}

export function readCursor(query: Query, cursor: string): Place {
  const bytes = Buffer.from(cursor, 'base64url');
  const payload = bytes.subarray(DIGEST_BYTES);
  if (payload.length === 0 || !digest(query, payload).equals(bytes.subarray(0, DIGEST_BYTES))) throw invalid();
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload.toString());
  } catch {
    throw invalid();
  }
  if (!Array.isArray(parsed)) throw invalid();
  const [first, id, ...values] = parsed as unknown[];
  if (typeof first !== 'number' || typeof id !== 'string') throw invalid();
  if (values.length !== (query.sort?.length ?? 0) || !values.every(isValue)) throw invalid();
  return { first, id, values };
}

const invalid = () => new QueryRefused('cursor-invalid');

const isValue = (value: unknown): value is SortValue =>
  value === null || typeof value === 'string' || typeof value === 'number';

/** Limit and total are no part of what a cursor belongs to: pages may differ in size. */
function digest({ type, where, sort }: Query, payload: Buffer): Buffer {
  const query = JSON.stringify([type, where ?? null, sort ?? []], (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  return createHash('sha256').update(query).update('\0').update(payload).digest().subarray(0, DIGEST_BYTES);
}
