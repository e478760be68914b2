import { expect } from '@jest/globals';
import type { EventStore } from '@anamnesis/event-store';
import { contractSuite, until, type ContractCase, type Opened } from '@anamnesis/event-store/contract';
import type { EventBus } from '../port.ts';
import { deadLetterCases } from './dead-letter-cases.ts';
import { everything, fill, fillStream, notNow, Seen } from './seen.ts';

export interface OpenedEventBus extends Opened {
  readonly bus: EventBus;
  /** What is appended here comes through the bus. */
  readonly store: EventStore;
  /** Closes the bus and opens it again with the progress it has kept; for adapters that can. */
  reopen?(): Promise<EventBus>;
}

export type EventBusCase = ContractCase<OpenedEventBus>;

const consumerCases: readonly EventBusCase[] = [
  {
    name: 'a group is handed every event, each stream in order, and goes on live',
    async run({ bus, store }) {
      await fill(store, ['patient', 'order'], 20);
      const seen = new Seen();
      let most = 0;
      const consumer = await bus.consume({ group: 'all', batchSize: 7 }, async (delivery) => {
        most = Math.max(most, delivery.events.length);
        await seen.add(delivery);
      });
      await until(() => seen.count >= 20);
      await fill(store, ['patient'], 5);
      await until(() => seen.count >= 25);
      await consumer.stop();
      expect(most).toBeLessThanOrEqual(7);
      await seen.expectAll(store, () => true);
    },
  },
  {
    name: 'through says how far everything has been delivered, and so does progress',
    async run({ bus, store }) {
      const wanted = (stream: string): boolean => stream.startsWith('patient-');
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'g', prefixes: ['patient-'] }, seen.add);
      for (let i = 0; i < 5; i++) await fill(store, ['patient', 'access', 'access', 'order'], 4);
      const head = await store.head();
      await until(async () => (await bus.progress('g')) >= head);
      await consumer.stop();
      seen.expectThroughs(head);
      await seen.expectAll(store, wanted);
    },
  },
  {
    name: 'a delivery that its handler rejects comes again until it is taken, and none overtakes it',
    async run({ bus, store }) {
      await fillStream(store, 6);
      const tries: string[][] = [];
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'g', batchSize: 2 }, async (delivery) => {
        if (delivery.events.length === 0) return;
        tries.push(delivery.events.map(({ id }) => id));
        if (tries.length === 2 || tries.length === 3) throw notNow();
        await seen.add(delivery);
      });
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      await consumer.stop();
      expect([tries[2], tries[3]]).toEqual([tries[1], tries[1]]);
      await seen.expectAll(store, () => true);
      expect(await bus.listDeadLetters()).toEqual([]);
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
        throw notNow();
      });
      const other = await bus.consume({ group: 'other' }, seen.add);
      await until(() => seen.count >= 3 && failures > 1);
      await Promise.all([failing.stop(), other.stop()]);
      expect(await bus.progress('failing')).toBe(0);
      expect(await bus.progress('other')).toBe(await store.head());
    },
  },
  {
    name: 'deliveries of a lane come one at a time',
    async run({ bus, store }) {
      const running = new Set<string>();
      let overlaps = 0;
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'g', batchSize: 1 }, async (delivery) => {
        if (running.has(delivery.lane)) overlaps += 1;
        running.add(delivery.lane);
        await new Promise((resolve) => setTimeout(resolve, 1));
        await seen.add(delivery);
        running.delete(delivery.lane);
      });
      await fill(store, ['patient', 'order'], 12);
      await until(() => seen.count >= 12);
      await consumer.stop();
      expect(overlaps).toBe(0);
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
      await bus.consume({ group: 'g' }, before.add);
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      const again = await reopen();
      expect(await again.progress('g')).toBe(await store.head());
      await fill(store, ['patient'], 3);
      const consumer = await again.consume({ group: 'g' }, after.add);
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
        throw notNow();
      });
      await until(() => tries > 0);
      await consumer.stop();
      await expect(consumer.ended).resolves.toBeUndefined();
      const again = await reopen();
      expect(await again.progress('g')).toBe(0);
      const seen = new Seen();
      const next = await again.consume({ group: 'g' }, seen.add);
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
        const consumer = await bus.consume({ group: 'g', from }, seen.add);
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
      const second = await bus.consume(options, seen.add);
      await until(() => seen.count >= 4);
      await second.stop();
      expect(seen.events.toSorted((a, b) => a.position - b.position)).toEqual(all.slice(2));
    },
  },
  {
    name: 'a consumer that keeps its own progress is asked for it by lane',
    async run({ bus, store }) {
      await fill(store, ['patient', 'order'], 8);
      const all = await everything(store);
      const first = await bus.consume({ group: 'g' }, async () => undefined);
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      await first.stop();
      const asked: string[] = [];
      const seen = new Seen();
      const resumeAt = async (lane: string): Promise<number> => {
        asked.push(lane);
        return all[3]!.position;
      };
      const second = await bus.consume({ group: 'g', resumeAt }, seen.add);
      await until(() => seen.count >= 4);
      await second.stop();
      expect(seen.events.toSorted((a, b) => a.position - b.position)).toEqual(all.slice(4));
      expect(new Set(asked).size).toBe(asked.length);
    },
  },
  {
    name: 'stop waits for the delivery in hand and keeps its progress',
    async run({ bus, store }) {
      await fillStream(store, 4);
      const hold = Promise.withResolvers<void>();
      const told: string[] = [];
      const consumer = await bus.consume({ group: 'g', batchSize: 4 }, async ({ events }) => {
        if (events.length === 0) return;
        told.push('began');
        await hold.promise;
        told.push('done');
      });
      await until(() => told.length > 0);
      const stopped = consumer.stop().then(() => told.push('stopped'));
      hold.resolve();
      await stopped;
      await consumer.ended;
      expect(told).toEqual(['began', 'done', 'stopped']);
      await fillStream(store, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(told).toHaveLength(3);
      const seen = new Seen();
      await bus.consume({ group: 'g' }, seen.add);
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      expect(seen.events).toEqual((await everything(store)).slice(4));
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
        throw notNow();
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

/** Everything the event bus's port promises; each case wants a store and a bus that are empty. */
export const eventBusCases: readonly EventBusCase[] = [...consumerCases, ...deadLetterCases];

/** The suite of an adapter. `exceptions` names the cases its engine cannot keep. */
export function eventBusContract(
  name: string,
  open: () => Promise<OpenedEventBus>,
  exceptions: readonly string[] = [],
): void {
  contractSuite(`${name} keeps the event bus's contract`, eventBusCases, open, exceptions);
}
