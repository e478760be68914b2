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
import { checkStreamName, encodeStored } from '../stored-bytes.ts';
import { AllReader } from './all-reader.ts';
import { AllSubscription } from './all-subscription.ts';
import { Expander, toStored } from './expander.ts';
import { commitOf } from './position.ts';
import { RawStore, type RawStoreOptions } from './raw-store.ts';
import { drive, type Protocol } from './step.ts';
import { Tails } from './tails.ts';
import { readVisible } from './visible.ts';

export type EventStoreDbReaderOptions = RawStoreOptions;

/** An event as a leaf of the Merkle tree hashes it: the bytes of `encodeStored`. */
export interface RawStoredEvent {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

const DEFAULT_LIMIT = 1_000;
const LIMIT = 10_000;
const KEPT_TAILS = 50_000;

/** The event store port's reading side on EventStoreDB. Writes nothing: what is undecided is as if it were not there. */
export class EventStoreDbReader implements EventReader {
  protected readonly store: RawStore;
  /** What reads show of the ends of streams, for those who append. */
  protected readonly tails = new Tails(KEPT_TAILS);
  readonly #all: AllReader;
  readonly #subscriptions = new Set<AllSubscription>();
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** See `openEventStoreDbReader`. */
  constructor(options: EventStoreDbReaderOptions) {
    this.store = new RawStore(options);
    this.#all = new AllReader(this.store);
  }

  async readStream(stream: string, options: ReadStreamOptions = {}): Promise<StoredEvent[]> {
    checkStreamName(stream);
    const { direction = 'forwards', from, upTo } = options;
    const read = { direction, from, upTo, limit: checkLimit(options.limit) };
    const events = await this.call(() => this.drive(readVisible(stream, read, this.tails)));
    return events.map(({ raw, position, recordedAt }) => toStored(raw, position, recordedAt));
  }

  /** With `prefixes` the events that are left out are read too: a subscription lets the server leave them out. */
  async readAll(options: ReadAllOptions = {}): Promise<StoredEvent[]> {
    const limit = checkLimit(options.limit);
    return this.call(() => this.#all.read({ ...options, limit }));
  }

  /** The events at these positions (at most 10,000), in the order asked for; a position that holds none is left out. */
  async readPositions(positions: readonly Position[]): Promise<StoredEvent[]> {
    if (positions.length > LIMIT) throw new RangeError('At most 10,000 positions are read at once.');
    return this.call(async () => {
      const records = new Map(positions.map((position) => [commitOf(position), position]));
      const found = new Map<Position, StoredEvent>();
      const read = async (position: Position): Promise<void> => {
        const { events } = await this.#all.recordAt(position, new Expander(this.store));
        for (const event of events) found.set(event.position, event);
      };
      await Promise.all([...records.values()].map(read));
      return positions.flatMap((position) => found.get(position) ?? []);
    });
  }

  /** The stored bytes after `from` (exclusive), at most `limit` of them; for verification. */
  async readRaw(from: Position, limit: number): Promise<RawStoredEvent[]> {
    const events = await this.readAll({ from, limit });
    return events.map((event) => ({ position: event.position, bytes: encodeStored(event) }));
  }

  async head(): Promise<Position> {
    return this.call(() => this.headNow());
  }

  /** Reads the log up to the moment, once; later calls go on from marks that were kept, one in 512 records. */
  async positionAt(instant: Instant): Promise<Position> {
    return this.call(() => this.#all.positionAt(instant));
  }

  subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    this.mustBeOpen();
    const batchSize = checkLimit(options.batchSize ?? 500);
    const forget = (ended: AllSubscription): boolean => this.#subscriptions.delete(ended);
    const subscription = new AllSubscription(this.store, this.#all, { ...options, batchSize }, handler, forget);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Ends the subscriptions, each after the batch in hand, lets the calls under way finish, and disconnects. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    await Promise.allSettled(this.#calls);
    await this.store.close();
  }

  protected mustBeOpen(): void {
    if (this.#closing) throw new Fault('stopping', 'The event store is closed.');
  }

  /** Makes a call that `close` waits for. */
  protected async call<T>(call: () => Promise<T>): Promise<T> {
    this.mustBeOpen();
    const running = call();
    this.#calls.add(running);
    try {
      return await running;
    } finally {
      this.#calls.delete(running);
    }
  }

  /** The head, also while the store is closing. */
  protected headNow(): Promise<Position> {
    return this.#all.head();
  }

  protected drive<T>(protocol: Protocol<T>): Promise<T> {
    return drive(protocol, this.store.perform);
  }
}

/**
 * A reader for a process that only consumes; its user needs no right to write.
 * Throws a `TypeError` for a connection string that is none, `Fault('store-unavailable')` when nobody answers,
 * `store-read-only` when the user may not read.
 */
export async function openEventStoreDbReader(options: EventStoreDbReaderOptions): Promise<EventStoreDbReader> {
  const reader = new EventStoreDbReader(options);
  await reachable(reader);
  return reader;
}

/** Asks the store something; closes it when it does not answer. */
export async function reachable(reader: EventStoreDbReader): Promise<void> {
  try {
    await reader.head();
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function checkLimit(limit: number = DEFAULT_LIMIT): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT) throw new RangeError('A limit is from 1 to 10,000.');
  return limit;
}
