import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { Fault, type Instant, type Position } from '@anamnesis/kernel';
import type {
  EventReader,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  SubscribeOptions,
  Subscription,
  SubscriptionHandler,
} from '../port.ts';
import { checkStreamName, decodeStored, storedPrefixTest } from '../stored-bytes.ts';
import { HeadSignal, PolledHead, type HeadWatch } from './head-signal.ts';
import { LiveSubscription } from './live-subscription.ts';
import { openForReading } from './log-database.ts';
import { CorruptLog, faulting } from './sqlite-fault.ts';

export interface EmbeddedReaderOptions {
  readonly folder: string;
  /** `headSignal` of the owner's `EmbeddedEventStore`, where that is in this process; else the head is polled. */
  readonly head?: SharedArrayBuffer;
  /** How often to look for new events without `head`, in milliseconds; default 50. */
  readonly pollMs?: number;
}

/** An event as the log keeps it: the exact bytes that a leaf of the Merkle tree hashes. */
export interface RawEvent {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

/** What a bounded look at the log found, and how far it looked. */
export interface Scan {
  readonly events: StoredEvent[];
  /** Everything wanted up to here is in `events`; where the scan began, if there was nothing to look at. */
  readonly through: Position;
}

type Row = readonly [position: Position, bytes: Uint8Array];

const DEFAULT_LIMIT = 1_000;
const LIMIT = 10_000;
/** Rows that one turn looks at when a filter leaves most of them out, and bytes that it keeps at most. */
const SCAN_ROWS = 2_000;
const SCAN_BYTES = 16 * 1024 * 1024;

/**
 * Reads the log of one folder with a connection of its own. Each read is one short statement: no read holds a
 * snapshot beyond its call, so none keeps the write-ahead log from being checkpointed. The synchronous variants are
 * the same reads without a promise, for hot paths.
 */
export class EmbeddedReader implements EventReader {
  readonly #database: DatabaseSync;
  readonly #head: HeadWatch;
  readonly #subscriptions = new Set<LiveSubscription>();
  readonly #streamForwards: StatementSync;
  readonly #streamBackwards: StatementSync;
  readonly #allForwards: StatementSync;
  readonly #allBackwards: StatementSync;
  readonly #at: StatementSync;
  readonly #positionAt: StatementSync;
  #closed = false;

  /** See `openEmbeddedReader`. */
  constructor(options: EmbeddedReaderOptions) {
    const database = openForReading(options.folder);
    this.#database = database;
    const rows = (sql: string): StatementSync => {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    const stream = 'SELECT position, bytes FROM events WHERE stream_id = (SELECT id FROM streams WHERE name = ?)';
    this.#streamForwards = rows(`${stream} AND revision >= ? AND position <= ? ORDER BY revision LIMIT ?`);
    this.#streamBackwards = rows(`${stream} AND revision <= ? AND position <= ? ORDER BY revision DESC LIMIT ?`);
    this.#allForwards = rows('SELECT position, bytes FROM events WHERE position > ? ORDER BY position LIMIT ?');
    this.#allBackwards = rows('SELECT position, bytes FROM events WHERE position < ? ORDER BY position DESC LIMIT ?');
    this.#at = rows('SELECT position, bytes FROM events WHERE position = ?');
    this.#positionAt = database.prepare('SELECT position FROM stamps WHERE at <= ? ORDER BY at DESC LIMIT 1');
    const head = database.prepare('SELECT max(position) AS head FROM events');
    this.#head =
      options.head === undefined
        ? new PolledHead(() => faulting(() => Number(head.get()?.['head'] ?? 0)), options.pollMs ?? 50)
        : new HeadSignal(options.head);
  }

  async readStream(stream: string, options?: ReadStreamOptions): Promise<StoredEvent[]> {
    return this.readStreamSync(stream, options);
  }

  readStreamSync(stream: string, options: ReadStreamOptions = {}): StoredEvent[] {
    this.#mustBeOpen();
    checkStreamName(stream);
    const backwards = options.direction === 'backwards';
    const from = options.from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0);
    const upTo = options.upTo ?? Number.MAX_SAFE_INTEGER;
    const statement = backwards ? this.#streamBackwards : this.#streamForwards;
    return decode(faulting(() => statement.all(stream, from, upTo, checkLimit(options.limit))));
  }

  async readAll(options: ReadAllOptions = {}): Promise<StoredEvent[]> {
    if (options.prefixes === undefined) return this.readAllSync(options);
    const limit = checkLimit(options.limit);
    const found: StoredEvent[] = [];
    for (let from = options.from; ; await yieldToOthers()) {
      const turn = this.#scan(from, limit - found.length, options);
      found.push(...turn.events);
      if (found.length >= limit || turn.through === from) return found;
      from = turn.through;
    }
  }

  /** Looks at the whole rest of the log before it answers, where `prefixes` leaves most of it out. */
  readAllSync(options: ReadAllOptions = {}): StoredEvent[] {
    const limit = checkLimit(options.limit);
    if (options.prefixes === undefined) return decode(this.#rows(options.from, limit, options.direction));
    const found: StoredEvent[] = [];
    for (let from = options.from; ;) {
      const turn = this.#scan(from, limit - found.length, options);
      found.push(...turn.events);
      if (found.length >= limit || turn.through === from) return found;
      from = turn.through;
    }
  }

  /** The events at these positions (at most 10,000), in the order asked for; a position that holds none is left out. */
  async readPositions(positions: readonly Position[]): Promise<StoredEvent[]> {
    this.#mustBeOpen();
    if (positions.length > LIMIT) throw new RangeError('At most 10,000 positions are read at once.');
    return decode(
      faulting(() =>
        positions
          .map((position) => this.#at.get(position) as unknown as Row | undefined)
          .filter((row) => row !== undefined),
      ),
    );
  }

  /** The exact stored bytes after `from` (exclusive), at most `limit` of them; for verification. */
  readRawSync(from: Position, limit: number): RawEvent[] {
    return this.#rows(from, checkLimit(limit), 'forwards').map(([position, bytes]) => ({ position, bytes }));
  }

  /** A bounded step of a subscription: at most `limit` events, fewer when they are large or rarely wanted. */
  scanSync(from: Position, limit: number, prefixes?: readonly string[]): Scan {
    const { events, through } = this.#scan(from, limit, prefixes === undefined ? {} : { prefixes });
    return { events, through: through ?? from };
  }

  async head(): Promise<Position> {
    return this.headSync();
  }

  headSync(): Position {
    this.#mustBeOpen();
    return this.#head.head();
  }

  async positionAt(instant: Instant): Promise<Position> {
    return this.positionAtSync(instant);
  }

  positionAtSync(instant: Instant): Position {
    this.#mustBeOpen();
    return faulting(() => Number(this.#positionAt.get(instant)?.['position'] ?? 0));
  }

  subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    this.#mustBeOpen();
    const batchSize = checkLimit(options.batchSize ?? 500);
    const forget = (ended: LiveSubscription): boolean => this.#subscriptions.delete(ended);
    const subscription = new LiveSubscription(this, this.#head, { ...options, batchSize }, handler, forget);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /**
   * SQLite's own check of every page and index, each fault in its words; empty when the file is sound.
   * Reads the whole file: about a second per gigabyte.
   */
  checkIntegritySync(): string[] {
    this.#mustBeOpen();
    const rows = faulting(() => this.#database.prepare('PRAGMA integrity_check').all());
    return rows.map((row) => String(row['integrity_check'])).filter((line) => line !== 'ok');
  }

  /** Ends the subscriptions, each after the batch in hand. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    this.#database.close();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Fault('stopping', 'The event store is closed.');
  }

  #rows(from: Position | undefined, limit: number, direction: ReadAllOptions['direction']): Row[] {
    this.#mustBeOpen();
    const backwards = direction === 'backwards';
    const statement = backwards ? this.#allBackwards : this.#allForwards;
    const start = from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0);
    return faulting(() => statement.all(start, limit) as unknown as Row[]);
  }

  #scan(
    from: Position | undefined,
    limit: number,
    options: Pick<ReadAllOptions, 'direction' | 'prefixes'>,
  ): { events: StoredEvent[]; through: Position | undefined } {
    this.#mustBeOpen();
    const wanted = storedPrefixTest(options.prefixes);
    const backwards = options.direction === 'backwards';
    const statement = backwards ? this.#allBackwards : this.#allForwards;
    const start = from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0);
    const events: StoredEvent[] = [];
    let through = from;
    let kept = 0;
    const rows = statement.iterate(start, wanted === undefined ? limit : SCAN_ROWS) as unknown as Iterable<Row>;
    faulting(() => {
      for (const [position, bytes] of rows) {
        through = position;
        if (wanted !== undefined && !wanted(bytes)) continue;
        events.push(decodeAt(bytes, position));
        kept += bytes.byteLength;
        if (events.length >= limit || kept >= SCAN_BYTES) return;
      }
    });
    return { events, through };
  }
}

/**
 * A reader for any thread of the owner's process, or for another process beside it or after it.
 * Throws `Fault('store-unavailable')` where there is no log yet, `store-corrupt` for a file that is none.
 */
export function openEmbeddedReader(options: EmbeddedReaderOptions): EmbeddedReader {
  return new EmbeddedReader(options);
}

function decode(rows: unknown): StoredEvent[] {
  return (rows as Row[]).map(([position, bytes]) => decodeAt(bytes, position));
}

function decodeAt(bytes: Uint8Array, position: Position): StoredEvent {
  try {
    return decodeStored(bytes, position);
  } catch (error) {
    throw new CorruptLog(position, error);
  }
}

function checkLimit(limit: number = DEFAULT_LIMIT): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT) throw new RangeError('A limit is from 1 to 10,000.');
  return limit;
}
