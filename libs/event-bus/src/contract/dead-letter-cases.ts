import { expect } from '@jest/globals';
import { until } from '@anamnesis/event-store/contract';
import { everything, fill, fillStream, notNow, Seen } from './seen.ts';
import type { EventBusCase } from './event-bus-contract.ts';

/** What the port promises of events that a handler cannot take. */
export const deadLetterCases: readonly EventBusCase[] = [
  {
    name: 'an event that its handler cannot take goes to the dead letters alone, the rest goes on',
    async run({ bus, store }) {
      await fillStream(store, 7);
      await fill(store, ['patient', 'order'], 6);
      const all = await everything(store);
      const poison = [all[2]!.id, all[5]!.id];
      const seen = new Seen();
      const consumer = await bus.consume({ group: 'g' }, async (delivery) => {
        if (delivery.events.some(({ id }) => poison.includes(id))) throw new TypeError('it holds a name');
        await seen.add(delivery);
      });
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      await consumer.stop();
      expect(seen.events.map(({ id }) => id).toSorted()).toEqual(
        all
          .map(({ id }) => id)
          .filter((id) => !poison.includes(id))
          .toSorted(),
      );
      seen.expectThroughs(await store.head());
      const letters = await bus.listDeadLetters({ group: 'g' });
      expect(letters.map(({ event }) => event).toSorted((a, b) => a.position - b.position)).toEqual([all[2], all[5]]);
      for (const { group, lane, reason } of letters) {
        expect([group, lane.length > 0]).toEqual(['g', true]);
        expect(reason).toMatch(/^TypeError/);
        expect(reason).not.toContain('name');
      }
      expect(await bus.listDeadLetters({ group: 'g', limit: 1 })).toHaveLength(1);
    },
  },
  {
    name: 'a dead letter comes again to its group only, and only when it is asked for',
    async run({ bus, store }) {
      await fillStream(store, 3);
      const all = await everything(store);
      const [mine, other] = [new Seen(), new Seen()];
      let healed = false;
      await bus.consume({ group: 'mine' }, async (delivery) => {
        if (!healed && delivery.events.some(({ id }) => id === all[1]!.id)) throw new Error('poison');
        await mine.add(delivery);
      });
      await bus.consume({ group: 'other' }, other.add);
      await until(async () => (await bus.listDeadLetters()).length === 1 && mine.count === 2 && other.count === 3);
      expect(await bus.replayDeadLetters(['no such letter'])).toBe(0);
      const [letter] = await bus.listDeadLetters();
      healed = true;
      expect(await bus.replayDeadLetters([letter!.id])).toBe(1);
      await until(() => mine.count === 3);
      await until(async () => (await bus.listDeadLetters()).length === 0);
      expect(await bus.replayDeadLetters('all')).toBe(0);
      expect(mine.events).toHaveLength(3);
      expect(mine.events.at(-1)).toEqual(all[1]);
      expect(other.events).toHaveLength(3);
    },
  },
  {
    name: 'a dead letter that is rejected again is a letter again',
    async run({ bus, store }) {
      await fillStream(store, 2);
      const [first] = await everything(store);
      let tries = 0;
      await bus.consume({ group: 'g' }, async ({ events }) => {
        if (!events.some(({ id }) => id === first!.id)) return;
        if (events.length === 1) tries += 1;
        throw new Error('poison');
      });
      await until(async () => (await bus.listDeadLetters()).length === 1);
      expect(await bus.replayDeadLetters('all')).toBe(1);
      await until(async () => tries === 2 && (await bus.listDeadLetters()).length === 1);
      expect((await bus.listDeadLetters()).map(({ event }) => event)).toEqual([first]);
    },
  },
  {
    name: 'a handler that takes nothing is retried, and does not empty the log into the dead letters',
    async run({ bus, store }) {
      await fillStream(store, 40);
      let broken = true;
      const seen = new Seen();
      let tries = 0;
      await bus.consume({ group: 'g' }, async (delivery) => {
        tries += delivery.events.length === 1 ? 1 : 0;
        if (broken && delivery.events.length > 0) throw new TypeError('a bug of every event');
        await seen.add(delivery);
      });
      await until(() => tries > 15);
      const letters = await bus.listDeadLetters();
      expect(letters.length).toBeGreaterThan(0);
      expect(letters.length).toBeLessThan(20);
      broken = false;
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      expect(seen.count).toBe(40 - (await bus.listDeadLetters()).length);
    },
  },
  {
    name: 'a fault while a delivery is split sets nothing aside',
    async run({ bus, store }) {
      await fillStream(store, 6);
      const all = await everything(store);
      let faults = 0;
      const seen = new Seen();
      await bus.consume({ group: 'g' }, async (delivery) => {
        if (delivery.events.length > 3) throw new Error('too much at a time');
        if (delivery.events.length > 0 && faults < 2) {
          faults += 1;
          throw notNow();
        }
        await seen.add(delivery);
      });
      await until(async () => (await bus.progress('g')) >= (await store.head()));
      expect(await bus.listDeadLetters()).toEqual([]);
      expect(seen.events).toEqual(all);
      expect(faults).toBe(2);
    },
  },
];
