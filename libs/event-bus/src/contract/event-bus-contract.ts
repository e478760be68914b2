import { expect } from '@jest/globals';
import type { EventStore, StoredEvent } from '@anamnesis/event-store';
import {
  contractSuite,
  samples,
  streamOf,
  until,
  type ContractCase,
  type Opened,
} from '@anamnesis/event-store/contract';
import type { EventBus } from '../port.ts';

export interface OpenedEventBus extends Opened {
  readonly bus: EventBus;
  /** What is appended here comes through the bus. */
  readonly store: EventStore;
  /** Closes the bus and opens it again with the progress it has kept; for adapters that can. */
  reopen?(): Promise<EventBus>;
}

export type EventBusCase = ContractCase<OpenedEventBus>;

/** Everything the event bus's port promises; each case wants a store and a bus that are empty. */
export const eventBusCases: readonly EventBusCase[] = [
  {
    name: 'a group is handed every event, each stream in order, and goes on live',
    async run({ bus, store }) {
      await fill(store, ['patient', 'order'], 20);
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'all', batchSize: 7 }, async ({ events }) => {
        expect(events.length).toBeLessThanOrEqual(7);
        seen.add(events);
      });
      await until(() => seen.count >= 20);
      await fill(store, ['patient'], 5);
      await until(() => seen.count >= 25);
      await consumer.stop();
      await seen.expectAll(store, () => true);
    },
  },
  {
    name: 'through says how far everything has been delivered, and so does progress',
    async run({ bus, store }) {
      const wanted = (stream: string): boolean => stream.startsWith('patient-');
      const seen = new Seen();
      const throughs: number[] = [];
      const missing: StoredEvent[] = [];
      const consumer = await bus.consume({ group: 'g', prefixes: ['patient-'] }, async ({ events, through }) => {
        seen.add(events);
        throughs.push(through);
        const complete = (await everything(store)).filter((e) => wanted(e.stream) && e.position <= through);
        missing.push(...complete.filter(({ id }) => !seen.ids.has(id)));
      });
      for (let i = 0; i < 5; i++) await fill(store, ['patient', 'access', 'access', 'order'], 4);
      const head = await store.head();
      await until(async () => (await bus.progress('g')) >= head);
      await consumer.stop();
      expect(missing).toEqual([]);
      expect(throughs).toEqual(throughs.toSorted((a, b) => a - b));
      expect(throughs.at(-1)).toBe(head);
      await seen.expectAll(store, wanted);
    },
  },
  {
    name: 'a delivery that its handler rejects comes again until it is taken, and none overtakes it',
    async run({ bus, store }) {
      await fill(store, ['patient'], 6);
      const tries: string[] = [];
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'g', batchSize: 2 }, async ({ events }) => {
        tries.push(events.map(({ id }) => id).join());
        if (tries.length === 2 || tries.length === 3) throw new Error('not now');
        seen.add(events);
      });
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      await consumer.stop();
      expect([tries[2], tries[3]]).toEqual([tries[1], tries[1]]);
      await seen.expectAll(store, () => true);
    },
  },
  {
    name: 'a group that fails does not hold up another',
    async run({ bus, store }) {
      await fill(store, ['patient'], 3);
      const seen = new Seen();
      let failures = 0;
      const failing = await bus.consume({ group: 'failing' }, async () => {
        failures += 1;
        throw new Error('never');
      });
      const other = await bus.consume({ group: 'other' }, async ({ events }) => seen.add(events));
      await until(() => seen.count >= 3 && failures > 1);
      await Promise.all([failing.stop(), other.stop()]);
      expect(await bus.progress('failing')).toBe(0);
      expect(await bus.progress('other')).toBe(await store.head());
    },
  },
  {
    name: 'deliveries of a group come one at a time',
    async run({ bus, store }) {
      let running = 0;
      let most = 0;
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'g', batchSize: 1 }, async ({ events }) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.add(events);
        running -= 1;
      });
      await fill(store, ['patient', 'order'], 12);
      await until(() => seen.count >= 12);
      await consumer.stop();
      expect(most).toBe(1);
    },
  },
  {
    name: 'a group goes on where it stopped',
    async run({ bus, store }) {
      await fill(store, ['patient'], 12);
      const seen: string[] = [];
      for (let round = 0; seen.length < 12; round++) {
        const taken = seen.length;
        const consumer = await bus.consume({ group: 'g', batchSize: 3, from: 0 }, async ({ events }) => {
          seen.push(...events.map(({ id }) => id));
        });
        await until(() => seen.length > taken);
        await consumer.stop();
        expect(round).toBeLessThan(12);
      }
      expect(seen.toSorted()).toEqual((await everything(store)).map(({ id }) => id).toSorted());
    },
  },
  {
    name: 'a group goes on where it stopped when the bus was opened again',
    async run({ bus, store, reopen }) {
      if (reopen === undefined) return;
      await fill(store, ['patient'], 4);
      const [before, after] = [new Seen(), new Seen()];
      await bus.consume({ group: 'g' }, async ({ events }) => before.add(events));
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      const again = await reopen();
      expect(await again.progress('g')).toBe(await store.head());
      await fill(store, ['patient'], 3);
      const consumer = await again.consume({ group: 'g' }, async ({ events }) => after.add(events));
      await until(() => after.count >= 3);
      await consumer.stop();
      expect([before.count, after.count]).toEqual([4, 3]);
    },
  },
  {
    name: 'what was delivered but not taken comes again when the bus was opened again',
    async run({ bus, store, reopen }) {
      if (reopen === undefined) return;
      await fill(store, ['patient'], 4);
      let tries = 0;
      const consumer = await bus.consume({ group: 'g' }, async () => {
        tries += 1;
        throw new Error('not taken');
      });
      await until(() => tries > 0);
      await consumer.stop();
      await expect(consumer.ended).resolves.toBeUndefined();
      const again = await reopen();
      expect(await again.progress('g')).toBe(0);
      const seen = new Seen();
      const next = await again.consume({ group: 'g' }, async ({ events }) => seen.add(events));
      await until(() => seen.count >= 4);
      await next.stop();
      await seen.expectAll(store, () => true);
    },
  },
  {
    name: 'a new group begins where it is told, one with progress does not',
    async run({ bus, store }) {
      await fill(store, ['patient'], 6);
      const all = await everything(store);
      const from = all[3]!.position;
      for (const expected of [2, 1]) {
        const seen = new Seen();
        const consumer = await bus.consume({ group: 'g', from }, async ({ events }) => seen.add(events));
        await until(() => seen.count >= expected);
        await until(async () => (await bus.progress('g')) >= (await store.head()));
        await consumer.stop();
        expect(seen.count).toBe(expected);
        await fill(store, ['patient'], 1);
      }
    },
  },
  {
    name: 'a consumer that keeps its own progress is resumed there, also behind what the bus has kept',
    async run({ bus, store }) {
      await fill(store, ['patient'], 6);
      const all = await everything(store);
      const first = await bus.consume({ group: 'g' }, async () => undefined);
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      await first.stop();
      const seen = new Seen();
      const options = { group: 'g', resumeAt: all[1]!.position };
      const second = await bus.consume(options, async ({ events }) => seen.add(events));
      await until(() => seen.count >= 4);
      await second.stop();
      expect([...seen.ids]).toEqual(all.slice(2).map(({ id }) => id));
    },
  },
  {
    name: 'stop waits for the delivery in hand and keeps its progress',
    async run({ bus, store }) {
      await fill(store, ['patient'], 4);
      const hold = Promise.withResolvers<void>();
      const events: string[] = [];
      const consumer = await bus.consume({ group: 'g', batchSize: 4 }, async () => {
        events.push('began');
        await hold.promise;
        events.push('done');
      });
      await until(() => events.length > 0);
      const stopped = consumer.stop().then(() => events.push('stopped'));
      hold.resolve();
      await stopped;
      await consumer.ended;
      expect(events).toEqual(['began', 'done', 'stopped']);
      expect(await bus.progress('g')).toBe(await store.head());
      await fill(store, ['patient'], 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(events).toHaveLength(3);
    },
  },
  {
    name: 'a group that is not known has no progress',
    async run({ bus }) {
      expect(await bus.progress('nobody')).toBe(0);
    },
  },
  {
    name: 'closing the bus ends its consumers, and it takes no more',
    async run({ bus, store }) {
      await fill(store, ['patient'], 2);
      let tries = 0;
      const idle = await bus.consume({ group: 'idle' }, async () => undefined);
      const failing = await bus.consume({ group: 'failing' }, async () => {
        tries += 1;
        throw new Error('never');
      });
      await until(() => tries > 0);
      await bus.close();
      await Promise.all([idle.ended, failing.ended]);
      const stopping = expect.objectContaining({ code: 'stopping' });
      await expect(bus.consume({ group: 'late' }, async () => undefined)).rejects.toEqual(stopping);
      await expect(bus.progress('idle')).rejects.toEqual(stopping);
      await bus.close();
    },
  },
];

/** The suite of an adapter. `exceptions` names the cases its engine cannot keep. */
export function eventBusContract(
  name: string,
  open: () => Promise<OpenedEventBus>,
  exceptions: readonly string[] = [],
): void {
  contractSuite(`${name} keeps the event bus's contract`, eventBusCases, open, exceptions);
}

/** What a consumer was handed. */
class Seen {
  readonly ids = new Set<string>();
  readonly #events: StoredEvent[] = [];

  get count(): number {
    return this.ids.size;
  }

  add(events: readonly StoredEvent[]): void {
    for (const event of events) this.ids.add(event.id);
    this.#events.push(...events);
  }

  /** Whole events, none else, none missing; each stream in order. */
  async expectAll(store: EventStore, wanted: (stream: string) => boolean): Promise<void> {
    const all = (await everything(store)).filter(({ stream }) => wanted(stream));
    const byPosition = this.#events.toSorted((a, b) => a.position - b.position);
    expect(byPosition).toEqual(all);
    for (const stream of new Set(all.map((event) => event.stream))) {
      const revisions = this.#events.filter((event) => event.stream === stream).map(({ revision }) => revision);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    }
  }
}

/** Streams of two events, of the kinds in turn; `count` events in all. */
async function fill(store: EventStore, kinds: readonly string[], count: number): Promise<void> {
  for (let i = 0; i < count;) {
    const events = samples(Math.min(2, count - i));
    const stream = streamOf(kinds[(i / 2) % kinds.length]);
    await store.append({ stream, expected: 'none', events });
    i += events.length;
  }
}

async function everything(store: EventStore): Promise<StoredEvent[]> {
  return store.readAll({ limit: 10_000 });
}
