import type { EmbeddedReader } from '../embedded/embedded-reader.ts';
import type { StoredEvent } from '../port.ts';
import type { Resolved } from './recorded-bytes.ts';
import { readPage, streamWindow } from './stream-window.ts';
import { dataOf, LINK_TYPE, typeOf } from './wire-event.ts';

/** Whether the reader may follow a link to this stream; undefined: links are not to be followed. */
export type MayFollow = ((stream: string) => boolean) | undefined;

/** The event that a link (`$>` with the data `revision@stream`) stands for; nothing where that cannot be read. */
export function resolve(reader: EmbeddedReader, event: StoredEvent, mayFollow: MayFollow): Resolved {
  if (mayFollow === undefined || event.type !== LINK_TYPE || typeOf(event) !== LINK_TYPE) return { event };
  const [, revision, stream] = /^(\d{1,15})@(.+)$/s.exec(dataOf(event).toString('utf8')) ?? [];
  if (revision === undefined || stream === undefined || !mayFollow(stream)) return { link: event };
  const window = streamWindow(reader, stream);
  if (typeof window === 'string') return { link: event };
  const [target] = readPage(reader, window, Number(revision), 'forwards', 1).events;
  return target?.revision === Number(revision) ? { event: target, link: event } : { link: event };
}
