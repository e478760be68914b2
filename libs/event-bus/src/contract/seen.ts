import { expect } from '@jest/globals';
import type { EventStore, StoredEvent } from '@anamnesis/event-store';
import { samples, streamOf } from '@anamnesis/event-store/contract';
import { Fault } from '@anamnesis/kernel';
import type { Delivery } from '../port.ts';

/** What a consumer was handed. */
export class Seen {
  readonly ids = new Set<string>();
  readonly #deliveries: Delivery[] = [];

  get count(): number {
    return this.ids.size;
  }

  get events(): StoredEvent[] {
    return this.#deliveries.flatMap(({ events }) => events);
  }

  readonly add = async (delivery: Delivery): Promise<void> => {
    for (const event of delivery.events) this.ids.add(event.id);
    this.#deliveries.push(delivery);
  };

  /** Whole events, none else, none missing; each stream in order. */
  async expectAll(store: EventStore, wanted: (stream: string) => boolean): Promise<void> {
    const all = (await everything(store)).filter(({ stream }) => wanted(stream));
    const byPosition = this.events.toSorted((a, b) => a.position - b.position);
    expect(byPosition).toEqual(all);
    for (const stream of new Set(all.map((event) => event.stream))) {
      const revisions = this.events.filter((event) => event.stream === stream).map(({ revision }) => revision);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    }
  }

  /** What each lane said of itself was true at the time, never went back, and reached `head` in the end. */
  expectThroughs(head: number): void {
    for (const deliveries of Map.groupBy(this.#deliveries, ({ lane }) => lane).values()) {
      const throughs = deliveries.map(({ through }) => through);
      expect(throughs).toEqual(throughs.toSorted((a, b) => a - b));
      expect(throughs.at(-1)).toBe(head);
      const late = deliveries.flatMap(({ events }, index) =>
        events.filter(({ position }) => index > 0 && position <= deliveries[index - 1]!.through),
      );
      expect(late).toEqual([]);
      expect(deliveries.every(({ events, through }) => events.every(({ position }) => position <= through))).toBe(true);
    }
  }
}

/** What a handler rejects with where its time has not come. */
export function notNow(): Fault {
  return new Fault('read-model-unavailable', 'Not now.', { retryable: true });
}

/** Streams of two events, of the kinds in turn; `count` events in all. */
export async function fill(store: EventStore, kinds: readonly string[], count: number): Promise<void> {
  for (let i = 0; i < count;) {
    const events = samples(Math.min(2, count - i));
    const stream = streamOf(kinds[(i / 2) % kinds.length]);
    await store.append({ stream, expected: 'none', events });
    i += events.length;
  }
}

/** One stream of so many events: they keep to one lane. */
export async function fillStream(store: EventStore, count: number): Promise<void> {
  await store.append({ stream: streamOf('patient'), expected: 'none', events: samples(count) });
}

export async function everything(store: EventStore): Promise<StoredEvent[]> {
  return store.readAll({ limit: 10_000 });
}
