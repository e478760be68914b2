import { createHash } from 'node:crypto';
import type { Query } from '../query.ts';
import { QueryRefused } from '../query-refused.ts';

/** Where a page ended: the last document's sort values (null: it had none) and its number. */
export interface Place {
  readonly values: readonly (string | number | null)[];
  readonly rid: number;
}

const DIGEST_BYTES = 12;

/**
 * A place as text that a client carries: base64url of a digest and the place. The digest covers the query, so that a
 * cursor fits only its own, and finds what was altered by mistake. Whoever forges one deliberately gains nothing: every
 * condition of the query is applied again.
 */
export function writeCursor(query: Query, place: Place): string {
  const payload = Buffer.from(JSON.stringify([place.rid, ...place.values]));
  return Buffer.concat([digest(query, payload), payload]).toString('base64url');
}

export function readCursor(query: Query, cursor: string): Place {
  const bytes = Buffer.from(cursor, 'base64url');
  const payload = bytes.subarray(DIGEST_BYTES);
  if (payload.length === 0 || !digest(query, payload).equals(bytes.subarray(0, DIGEST_BYTES))) {
    throw new QueryRefused('cursor-invalid');
  }
  return place(payload, query.sort?.length ?? 0);
}

function place(payload: Buffer, keys: number): Place {
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload.toString());
  } catch {
    throw new QueryRefused('cursor-invalid');
  }
  if (!Array.isArray(parsed) || parsed.length !== keys + 1) throw new QueryRefused('cursor-invalid');
  const [rid, ...values] = parsed as unknown[];
  if (!Number.isSafeInteger(rid) || !values.every(isValue)) throw new QueryRefused('cursor-invalid');
  return { rid: rid as number, values };
}

function isValue(value: unknown): value is string | number | null {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

/** Limit and total are no part of what a cursor belongs to: pages may differ in size. */
function digest({ type, where, sort }: Query, payload: Buffer): Buffer {
  const query = JSON.stringify([type, where ?? null, sort ?? []], (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  return createHash('sha256').update(query).update('\0').update(payload).digest().subarray(0, DIGEST_BYTES);
}
