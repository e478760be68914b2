import { Fault, type Instant, type Position } from '@anamnesis/kernel';
import type { StoredEvent } from '../port.ts';
import { COMMITTED, toListing, toOutcome } from './codec.ts';
import { Intents } from './intents.ts';
import { positionOf } from './position.ts';
import { BATCH_PREFIX, type ListedWrite, type RawEvent } from './raw.ts';
import type { RawStore } from './raw-store.ts';

/** What the port's log has at one record of the server's log. */
export interface Expanded {
  readonly events: readonly StoredEvent[];
  /** The last position that the record takes, wanted or not; its first one, for what is no event of the port. */
  readonly through: Position;
}

/** Whether a stream is asked for. */
export type Wanted = (stream: string) => boolean;

/** Turns the server's log into the port's: batches whole at their commit record, intents and decisions left out. */
export class Expander {
  readonly #store: RawStore;
  readonly #intents = new Intents();

  constructor(store: RawStore) {
    this.#store = store;
  }

  async expand(raw: RawEvent, wanted: Wanted): Promise<Expanded> {
    const through = positionOf(raw.commit, 0);
    if (isDecision(raw)) return this.#decided(raw, wanted);
    if (!raw.envelope || !wanted(raw.stream)) return { events: [], through };
    if (raw.envelope.batch) {
      if (raw.envelope.batch.guard !== true) this.#intents.hold(raw);
      return { events: [], through };
    }
    return { events: [toStored(raw, through, raw.at)], through };
  }

  async #decided(record: RawEvent, wanted: Wanted): Promise<Expanded> {
    const through = lastPositionOf(record);
    // Only the first event of the stream decides; nobody who keeps to the protocol writes a second.
    if (through === undefined || record.revision > 0) return { events: [], through: positionOf(record.commit, 0) };
    const batch = record.stream.slice(BATCH_PREFIX.length);
    this.#store.remember(batch, toOutcome(record));
    const held = this.#intents.take(batch);
    let index = 0;
    const reads = toListing(record).map((write) => {
      const at = index;
      index += write.ids.length;
      return wanted(write.stream) ? this.#intentsOf(write, at, held) : [];
    });
    const intents = (await Promise.all(reads)).flat();
    const events = intents.map((intent) => {
      const position = positionOf(record.commit, intent.envelope!.batch!.index);
      return toStored(intent, position, record.at);
    });
    return { events, through };
  }

  async #intentsOf(
    { stream, first, ids }: ListedWrite,
    index: number,
    held: ReadonlyMap<number, RawEvent> | undefined,
  ): Promise<readonly RawEvent[]> {
    const known = ids.flatMap((id, i) => {
      const intent = held?.get(index + i);
      return intent?.storedId === id ? [intent] : [];
    });
    if (known.length === ids.length) return known;
    const intents: RawEvent[] = [];
    while (intents.length < ids.length) {
      const { events } = await this.#store.readStream(
        stream,
        'forwards',
        first + intents.length,
        ids.length - intents.length,
      );
      if (events.length === 0) break;
      intents.push(...events);
    }
    const whole = ids.every((id, i) => intents[i]?.storedId === id && intents[i].envelope?.batch?.index === index + i);
    if (!whole) throw new Fault('store-corrupt', 'The event store lacks events of a batch that was committed.');
    return intents;
  }
}

/** The last position of what the record made visible; undefined for what is no event of the port. */
export function lastPositionOf(raw: RawEvent): Position | undefined {
  if (isDecision(raw)) {
    if (raw.type !== COMMITTED || raw.revision > 0) return undefined;
    const events = toListing(raw).reduce((sum, { ids }) => sum + ids.length, 0);
    return positionOf(raw.commit, events - 1);
  }
  return raw.envelope && !raw.envelope.batch ? positionOf(raw.commit, 0) : undefined;
}

export function toStored(raw: RawEvent, position: Position, recordedAt: Instant): StoredEvent {
  const { id, schema, meta } = raw.envelope!;
  const { type, data, stream, revision } = raw;
  return { id, type, schema, meta, data, stream, revision, position, recordedAt };
}

export function wantedBy(prefixes: readonly string[] | undefined): Wanted {
  if (!prefixes) return () => true;
  return (stream) => prefixes.some((prefix) => stream.startsWith(prefix));
}

function isDecision({ stream }: RawEvent): boolean {
  return stream.startsWith(BATCH_PREFIX);
}
