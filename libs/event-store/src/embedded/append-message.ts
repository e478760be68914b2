/**
 * How appends travel to the writer's thread and answers come back: one buffer of bytes each way, transferred, so
 * that a hop costs the same for one append and for a thousand. Answers come in the order of the requests.
 *
 * A request, integers little-endian: u32 number of writes; for each write f64 expected revision (-1 none, -2 any),
 * u8 length of the stream's name, the name, u32 number of events, for each event u32 length and its stored bytes.
 *
 * An answer, as numbers: 1, position, recordedAt, one revision per write; or 0, index of the write in conflict,
 * actual revision (-1 none).
 */
import type { Instant, Position, Revision } from '@anamnesis/kernel';
import type { AppendResult, ExpectedRevision, StreamWrite } from '../port.ts';
import { checkNewEvent, checkStreamName, storedSizeBound, writeStored } from '../stored-bytes.ts';

export const NONE = -1;
export const ANY = -2;

export const MAX_EVENTS = 10_000;
export const MAX_BYTES = 64 * 1024 * 1024;

/** A write as the writer sees it: `expected` is a revision, `NONE` or `ANY`; events are views into the message. */
export interface WriteRequest {
  readonly stream: string;
  readonly expected: number;
  readonly events: readonly Buffer[];
}

export type AppendRequest = readonly WriteRequest[];

export type AppendOutcome =
  | { readonly position: Position; readonly recordedAt: Instant; readonly revisions: readonly Revision[] }
  | { readonly conflict: number; readonly actual: Revision };

/** A growing buffer of encoded requests: what one tick of the main thread sends. */
export class Outbox {
  #buffer: Buffer;
  #used = 0;

  constructor(spare?: ArrayBuffer) {
    this.#buffer = spare === undefined ? Buffer.allocUnsafeSlow(64 * 1024) : Buffer.from(spare);
  }

  get used(): number {
    return this.#used;
  }

  /** The requests so far; the buffer behind is the message's own, so it can be transferred. */
  get message(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer.buffer as ArrayBuffer, 0, this.#used);
  }

  /**
   * Adds a request and answers how many events it has. What is not well formed throws a TypeError, what is over the
   * limits a RangeError; then nothing was added.
   */
  add(writes: readonly StreamWrite[]): number {
    const start = this.#used;
    try {
      this.#reserve(4);
      this.#used = this.#buffer.writeUInt32LE(writes.length, this.#used);
      let events = 0;
      for (const write of writes) {
        events += write.events.length;
        if (events > MAX_EVENTS) throw new RangeError('An append has at most 10,000 events.');
        this.#addWrite(write, start);
      }
      return events;
    } catch (error) {
      this.#used = start;
      throw error;
    }
  }

  #addWrite({ stream, expected, events }: StreamWrite, start: number): void {
    checkStreamName(stream);
    this.#reserve(13 + stream.length);
    let at = this.#buffer.writeDoubleLE(expectedNumber(expected), this.#used);
    at = this.#buffer.writeUInt8(stream.length, at);
    at += this.#buffer.write(stream, at, 'latin1');
    this.#used = this.#buffer.writeUInt32LE(events.length, at);
    for (const event of events) {
      checkNewEvent(event);
      const bound = 4 + storedSizeBound(stream, event);
      // The bound counts three octets a character; what was really used decides, as long as it can be allocated.
      if (bound > 4 * MAX_BYTES) throw tooLarge();
      this.#reserve(bound);
      const begin = this.#used + 4;
      const end = writeStored(this.#buffer, begin, stream, event);
      this.#buffer.writeUInt32LE(end - begin, this.#used);
      this.#used = end;
      if (end - start > MAX_BYTES) throw tooLarge();
    }
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#used + bytes, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
}

/** The requests of a message, in order. */
export function readRequests(message: Uint8Array): AppendRequest[] {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const requests: AppendRequest[] = [];
  for (let at = 0; at < bytes.length;) {
    const writes: WriteRequest[] = [];
    const count = bytes.readUInt32LE(at);
    at += 4;
    for (let i = 0; i < count; i++) at = readWrite(bytes, at, writes);
    requests.push(writes);
  }
  return requests;
}

function readWrite(bytes: Buffer, start: number, into: WriteRequest[]): number {
  const expected = bytes.readDoubleLE(start);
  const nameAt = start + 9;
  let at = nameAt + bytes[start + 8]!;
  const stream = bytes.toString('latin1', nameAt, at);
  const count = bytes.readUInt32LE(at);
  at += 4;
  const events: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const end = at + 4 + bytes.readUInt32LE(at);
    events.push(bytes.subarray(at + 4, end));
    at = end;
  }
  into.push({ stream, expected, events });
  return at;
}

export function packOutcomes(outcomes: readonly AppendOutcome[]): Float64Array<ArrayBuffer> {
  const numbers: number[] = [];
  for (const outcome of outcomes) {
    if ('conflict' in outcome) numbers.push(0, outcome.conflict, outcome.actual);
    else numbers.push(1, outcome.position, outcome.recordedAt, ...outcome.revisions);
  }
  return Float64Array.from(numbers);
}

/** The answer that begins at `at`, to a request of these writes, and where the next one begins. */
export function unpackOutcome(
  numbers: Float64Array,
  at: number,
  streams: readonly string[],
): { readonly result: AppendResult; readonly next: number } {
  if (numbers[at] === 0) {
    const actual = numbers[at + 2]!;
    const conflict = { stream: streams[numbers[at + 1]!]!, actual: actual === NONE ? ('none' as const) : actual };
    return { result: { ok: false, conflict }, next: at + 3 };
  }
  const next = at + 3 + streams.length;
  const revisions = Array.from(numbers.subarray(at + 3, next));
  return { result: { ok: true, position: numbers[at + 1]!, recordedAt: numbers[at + 2]!, revisions }, next };
}

function expectedNumber(expected: ExpectedRevision): number {
  if (expected === 'none') return NONE;
  if (expected === 'any') return ANY;
  if (!Number.isSafeInteger(expected) || expected < 0) {
    throw new TypeError("An expected revision is 'none', 'any' or an integer from 0.");
  }
  return expected;
}

function tooLarge(): RangeError {
  return new RangeError('An append has at most 64 MiB.');
}
