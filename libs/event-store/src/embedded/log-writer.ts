import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Instant, Position, Revision } from '@anamnesis/kernel';
import { stampStored, storedIdKey, storedRecordedAt, STORED_HEADER_BYTES } from '../stored-bytes.ts';
import { ANY, NONE, type AppendOutcome, type AppendRequest, type WriteRequest } from './append-message.ts';
import { StreamTails, type StreamTail } from './stream-tails.ts';

const KEPT_TAILS = 50_000;
const NOWHERE: StreamTail = { id: 0, revision: NONE, lastEvent: '' };

/** The last event of a write that had been appended before. */
interface Repeated {
  readonly position: Position;
  readonly revision: Revision;
  readonly recordedAt: Instant;
}

/** What a commit moves on; taken back whole when the commit fails. */
interface Counters {
  position: Position;
  streams: number;
  /** The running maximum of commit times. */
  stamp: Instant;
}

/**
 * Puts groups of appends into the log, one transaction and one fsync a group. Each request of a group is checked
 * against what the ones before it did, and checked whole before any of it is inserted, so a conflict disturbs nobody.
 */
export class LogWriter {
  readonly #database: DatabaseSync;
  readonly #now: () => Instant;
  readonly #tails = new StreamTails(KEPT_TAILS);
  readonly #statements: ReturnType<typeof prepare>;
  readonly #counters: Counters;
  /** Tails that the open group changed. */
  readonly #changed = new Map<string, StreamTail>();

  constructor(database: DatabaseSync, now: () => Instant = Date.now) {
    this.#database = database;
    this.#now = now;
    this.#statements = prepare(database);
    this.#counters = this.#readCounters();
  }

  get head(): Position {
    return this.#counters.position;
  }

  /**
   * The outcome of each request, in order, once all of it is durable. Throws what SQLite throws; then nothing of the
   * group counts, conflicts included, as they may rest on what was taken back.
   */
  commit(group: readonly AppendRequest[]): AppendOutcome[] {
    const before = { ...this.#counters };
    const recordedAt = this.#now();
    try {
      const outcomes = group.map((request) => this.#append(request, recordedAt));
      if (this.#counters.position > before.position) {
        this.#counters.stamp = Math.max(before.stamp, recordedAt);
        this.#statements.stamp.run(this.#counters.stamp, this.#counters.position);
        this.#statements.commit.run();
        for (const [stream, tail] of this.#changed) this.#tails.set(stream, tail);
      }
      return outcomes;
    } catch (error) {
      Object.assign(this.#counters, before);
      if (this.#database.isTransaction) this.#statements.rollback.run();
      throw error;
    } finally {
      this.#changed.clear();
    }
  }

  #append(request: AppendRequest, recordedAt: Instant): AppendOutcome {
    const conflict = this.#conflict(request);
    if (conflict !== undefined || request.some((write) => write.expected === ANY && write.events.length > 0)) {
      const repeats = this.#repeats(request);
      const carrying = request.filter((write) => write.events.length > 0).length;
      if (carrying > 0 && repeats.size === carrying) return this.#asTheFirstTime(request, repeats);
      if (conflict === undefined && repeats.size > 0) {
        const index = request.findIndex((_, i) => repeats.has(i));
        return { conflict: index, actual: this.#tail(request[index]!.stream).revision };
      }
    }
    if (conflict !== undefined) return conflict;
    const revisions = request.map((write) => this.#insert(write, recordedAt));
    return { position: this.#counters.position, recordedAt, revisions };
  }

  /** The first write whose expectation does not hold, given the ones before it in the request. */
  #conflict(request: AppendRequest): { conflict: number; actual: Revision } | undefined {
    const planned = new Map<string, Revision>();
    for (const [index, { stream, expected, events }] of request.entries()) {
      const actual = planned.get(stream) ?? this.#tail(stream).revision;
      if (expected !== ANY && expected !== actual) return { conflict: index, actual };
      if (request.length > 1) planned.set(stream, actual + events.length);
    }
    return undefined;
  }

  /**
   * Which writes, by index, stand in the log already. It goes from the last write to the first, because for `any` a
   * repeated write ends where the next one to the same stream begins.
   */
  #repeats(request: AppendRequest): Map<number, Repeated> {
    const found = new Map<number, Repeated>();
    const ends = new Map<string, Revision>();
    for (let index = request.length - 1; index >= 0; index--) {
      const { stream, expected, events } = request[index]!;
      if (events.length === 0) continue;
      const end = ends.get(stream) ?? (expected === ANY ? this.#tail(stream).revision : expected + events.length);
      const start = end - events.length;
      if (expected !== ANY && expected !== start) continue;
      const repeated = this.#sameEvents(stream, start, events);
      if (repeated === undefined) continue;
      found.set(index, repeated);
      ends.set(stream, start);
    }
    return found;
  }

  /** The last of these events, if they are what stands just after the revision `start`. */
  #sameEvents(stream: string, start: Revision, events: readonly Buffer[]): Repeated | undefined {
    const tail = this.#tail(stream);
    const end = start + events.length;
    if (start < NONE || end > tail.revision) return undefined;
    if (end === tail.revision && storedIdKey(events.at(-1)!) !== tail.lastEvent) return undefined;
    const rows = this.#statements.headers.all(tail.id, start, events.length);
    const same = rows.every((row, i) => keyOf(row['header']) === storedIdKey(events[i]!));
    const last = rows.at(-1);
    if (!same || last === undefined) return undefined;
    return {
      position: Number(last['position']),
      revision: end,
      recordedAt: storedRecordedAt(last['header'] as Uint8Array),
    };
  }

  #asTheFirstTime(request: AppendRequest, repeats: ReadonlyMap<number, Repeated>): AppendOutcome {
    const last = [...repeats.values()].reduce((a, b) => (b.position > a.position ? b : a));
    const revisions = request.map(({ stream }, i) => repeats.get(i)?.revision ?? this.#tail(stream).revision);
    return { position: last.position, recordedAt: last.recordedAt, revisions };
  }

  #insert({ stream, events }: WriteRequest, recordedAt: Instant): Revision {
    const tail = this.#tail(stream);
    if (events.length === 0) return tail.revision;
    if (!this.#database.isTransaction) this.#statements.begin.run();
    let { id, revision } = tail;
    if (id === 0) {
      id = ++this.#counters.streams;
      this.#statements.stream.run(stream, id);
    }
    for (const event of events) {
      revision += 1;
      stampStored(event, recordedAt, revision);
      this.#statements.event.run(++this.#counters.position, id, revision, event);
    }
    this.#changed.set(stream, { id, revision, lastEvent: storedIdKey(events.at(-1)!) });
    return revision;
  }

  #tail(stream: string): StreamTail {
    const known = this.#changed.get(stream) ?? this.#tails.get(stream);
    if (known !== undefined) return known;
    const row = this.#statements.tail.get(stream);
    if (row === undefined) return NOWHERE;
    const tail = { id: Number(row['id']), revision: Number(row['revision']), lastEvent: keyOf(row['header']) };
    this.#tails.set(stream, tail);
    return tail;
  }

  #readCounters(): Counters {
    const row = this.#database
      .prepare(
        `SELECT (SELECT max(position) FROM events) AS position, (SELECT max(stream_id) FROM events) AS streams,
           (SELECT max(at) FROM stamps) AS stamp`,
      )
      .get();
    return {
      position: Number(row?.['position'] ?? 0),
      streams: Number(row?.['streams'] ?? 0),
      stamp: Number(row?.['stamp'] ?? 0),
    };
  }
}

function prepare(
  database: DatabaseSync,
): Record<'begin' | 'commit' | 'rollback' | 'event' | 'stream' | 'stamp' | 'tail' | 'headers', StatementSync> {
  const header = `substr(bytes, 1, ${STORED_HEADER_BYTES}) AS header`;
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    event: database.prepare('INSERT INTO events (position, stream_id, revision, bytes) VALUES (?, ?, ?, ?)'),
    stream: database.prepare('INSERT INTO streams (name, id) VALUES (?, ?)'),
    stamp: database.prepare(
      'INSERT INTO stamps (at, position) VALUES (?, ?) ON CONFLICT (at) DO UPDATE SET position = excluded.position',
    ),
    tail: database.prepare(
      `SELECT stream_id AS id, revision, ${header} FROM events
       WHERE stream_id = (SELECT id FROM streams WHERE name = ?) ORDER BY revision DESC LIMIT 1`,
    ),
    headers: database.prepare(
      `SELECT position, ${header} FROM events WHERE stream_id = ? AND revision > ? ORDER BY revision LIMIT ?`,
    ),
  };
}

function keyOf(header: unknown): string {
  const bytes = header as Uint8Array;
  return storedIdKey(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
