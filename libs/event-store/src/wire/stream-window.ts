import type { Instant, Revision } from '@anamnesis/kernel';
import type { EmbeddedReader } from '../embedded/embedded-reader.ts';
import type { Direction, StoredEvent } from '../port.ts';
import { METASTREAM_METADATA } from './stream-metadata.ts';
import { isMetastream, logName, originalOf } from './stream-names.ts';
import { loggedMetadata } from './stream-states.ts';
import { isTombstone } from './wire-event.ts';

/** The part of a stream that its metadata lets be read. */
export interface StreamWindow {
  readonly key: string;
  /** The first revision to read; above `last` when nothing is left. */
  readonly first: Revision;
  readonly last: Revision;
  /** Older events are not read. */
  readonly since: Instant;
}

/** `missing`: never written, or deleted and not yet written again. `deleted`: for ever. */
export function streamWindow(reader: EmbeddedReader, name: string): StreamWindow | 'missing' | 'deleted' {
  const key = logName(name);
  const last = tailOf(reader, key);
  if (last !== undefined && isTombstone(last)) return 'deleted';
  if (isMetastream(name)) {
    const original = tailOf(reader, logName(originalOf(name)));
    if (original !== undefined && isTombstone(original)) return 'deleted';
  }
  if (last === undefined) return 'missing';
  const { metadata } = isMetastream(name) ? { metadata: METASTREAM_METADATA } : loggedMetadata(reader, name);
  if (metadata.softDeleted) return 'missing';
  return {
    key,
    first: Math.max(metadata.truncateBefore ?? 0, last.revision + 1 - (metadata.maxCount ?? Infinity), 0),
    last: last.revision,
    since: metadata.maxAge === undefined ? -Infinity : Date.now() - metadata.maxAge * 1_000,
  };
}

/** A page of the window from a revision on; `next` is where the following one begins, undefined after the last. */
export function readPage(
  reader: EmbeddedReader,
  window: StreamWindow,
  from: Revision,
  direction: Direction,
  limit: number,
): { readonly events: StoredEvent[]; readonly next: Revision | undefined } {
  const backwards = direction === 'backwards';
  const start = backwards ? Math.min(from, window.last) : Math.max(from, window.first);
  if (start < window.first || start > window.last) return { events: [], next: undefined };
  const inside = backwards ? start - window.first + 1 : window.last - start + 1;
  const page = reader.readStreamSync(window.key, { direction, from: start, limit: Math.min(limit, inside) });
  const end = page.at(-1)?.revision;
  const left = end !== undefined && (backwards ? end > window.first : end < window.last);
  return {
    events: page.filter(({ recordedAt }) => recordedAt >= window.since),
    next: left ? end + (backwards ? -1 : 1) : undefined,
  };
}

function tailOf(reader: EmbeddedReader, key: string): StoredEvent | undefined {
  return reader.readStreamSync(key, { direction: 'backwards', limit: 1 })[0];
}
