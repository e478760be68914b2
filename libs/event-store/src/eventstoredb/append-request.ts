import { UUID } from '@anamnesis/kernel';
import type { ExpectedRevision, NewEvent, StreamWrite } from '../port.ts';
import { checkNewEvent, checkStreamName, STORED_HEADER_BYTES } from '../stored-bytes.ts';
import { POSITIONS_PER_RECORD } from './position.ts';
import { BATCH_PREFIX } from './raw.ts';

export const NONE = -1;
export const ANY = -2;

const MAX_EVENTS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

export interface Write {
  readonly stream: string;
  /** A revision, `NONE` or `ANY`. */
  readonly expected: number;
  readonly events: readonly NewEvent[];
  /** How many events the earlier writes of the batch put into the same stream. */
  readonly before: number;
}

/** What the writes of an append want of one stream. */
export interface StreamPart {
  readonly stream: string;
  /** Of all writes to the stream, in order. */
  readonly events: readonly NewEvent[];
  /** Nothing is written, and the stream must stand somewhere. */
  readonly condition: boolean;
}

/** A checked append; its contents are the caller's no longer. */
export interface AppendRequest {
  readonly writes: readonly Write[];
  /** By name, so that everybody who takes streams in turn takes them in one order. */
  readonly parts: readonly StreamPart[];
  readonly events: number;
  readonly bytes: number;
}

/** Throws a TypeError for what is not well formed, a RangeError for what is over the limits. */
export function appendRequest(writes: readonly StreamWrite[]): AppendRequest {
  const checked: Write[] = [];
  const byStream = new Map<string, { events: NewEvent[]; condition: boolean }>();
  let [events, bytes] = [0, 0];
  for (const write of writes) {
    checkStreamName(write.stream);
    if (write.stream.startsWith(BATCH_PREFIX)) throw new TypeError('Streams named batch-... are the adapter’s own.');
    events += write.events.length;
    if (events > MAX_EVENTS) throw new RangeError('An append has at most 10,000 events.');
    const copies = write.events.map((event) => {
      bytes += sizeOf(write.stream, event);
      if (bytes > MAX_BYTES) throw new RangeError('An append has at most 64 MiB.');
      return { ...event, data: Uint8Array.from(event.data) };
    });
    const expected = expectedNumber(write.expected);
    const part = byStream.get(write.stream) ?? { events: [], condition: false };
    byStream.set(write.stream, part);
    checked.push({ stream: write.stream, expected, events: copies, before: part.events.length });
    part.events.push(...copies);
    part.condition ||= expected !== ANY;
  }
  const parts = [...byStream]
    .map(([stream, part]) => ({ stream, events: part.events, condition: part.condition && part.events.length === 0 }))
    .toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
  if (events > POSITIONS_PER_RECORD && parts.filter((part) => part.events.length > 0 || part.condition).length > 1) {
    throw new RangeError('An append to several streams has at most 4,096 events.');
  }
  return { writes: checked, parts, events, bytes };
}

function sizeOf(stream: string, event: NewEvent): number {
  checkNewEvent(event);
  if (!UUID.test(event.id)) throw new TypeError('An event id is a UUID in lower case.');
  const texts = Buffer.byteLength(event.type) + Buffer.byteLength(event.meta);
  return STORED_HEADER_BYTES + stream.length + texts + event.data.byteLength;
}

function expectedNumber(expected: ExpectedRevision): number {
  if (expected === 'none') return NONE;
  if (expected === 'any') return ANY;
  if (!Number.isSafeInteger(expected) || expected < 0) {
    throw new TypeError("An expected revision is 'none', 'any' or an integer from 0.");
  }
  return expected;
}
