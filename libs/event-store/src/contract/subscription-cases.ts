import { expect } from '@jest/globals';
import type { EventStore, StoredEvent, SubscribeOptions } from '../port.ts';
import { appended, everything, gate, ids, samples, streamOf, until, write, type EventStoreCase } from './samples.ts';

/** What a subscription promises: catch-up, then live, in order, once each, at the handler's pace. */
export const subscriptionCases: readonly EventStoreCase[] = [
  {
    name: 'a subscription catches up and goes on live, in order, each event once',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(40)));
      const seen: StoredEvent[] = [];
      const subscription = store.subscribe({ from: 0, batchSize: 7 }, async (batch) => {
        expect(batch.length).toBeLessThanOrEqual(7);
        seen.push(...batch);
      });
      const writers = Array.from({ length: 5 }, async () => {
        for (let i = 0; i < 10; i++) await appended(store, write(streamOf(), 'none', samples(3)));
      });
      await Promise.all(writers);
      await until(() => seen.length >= 190);
      await appended(store, write(streamOf(), 'none', samples(1)));
      await until(() => seen.length >= 191);
      await subscription.stop();
      expect(seen).toEqual(await everything(store));
    },
  },
  {
    name: 'a subscription begins just after the position it is given',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(10)));
      const all = await everything(store);
      const seen: StoredEvent[] = [];
      const subscription = store.subscribe({ from: all[5]!.position }, async (batch) => void seen.push(...batch));
      await until(() => seen.length >= 4);
      await subscription.stop();
      expect(seen).toEqual(all.slice(6));
    },
  },
  {
    name: 'a handler is called again only when its promise has resolved',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(12)));
      const hold = gate();
      let running = 0;
      let most = 0;
      const sizes: number[] = [];
      const subscription = store.subscribe({ from: 0, batchSize: 3 }, async (batch) => {
        running += 1;
        most = Math.max(most, running);
        sizes.push(batch.length);
        if (sizes.length === 2) await hold.opened;
        await new Promise((resolve) => setTimeout(resolve, 1));
        running -= 1;
      });
      await until(() => sizes.length >= 2);
      await appended(store, write(streamOf(), 'none', samples(3)));
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(sizes).toEqual([3, 3]);
      hold.open();
      await until(() => sizes.reduce((a, b) => a + b) >= 15);
      await subscription.stop();
      expect(most).toBe(1);
    },
  },
  {
    name: 'stop waits for the handler in hand, and nothing comes after it',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(6)));
      const hold = gate();
      const events: string[] = [];
      const subscription = store.subscribe({ from: 0, batchSize: 2 }, async () => {
        events.push('began');
        await hold.opened;
        events.push('done');
      });
      await until(() => events.length > 0);
      const stopped = subscription.stop().then(() => events.push('stopped'));
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(events).toEqual(['began']);
      hold.open();
      await stopped;
      await expect(subscription.ended).resolves.toBeUndefined();
      await appended(store, write(streamOf(), 'none', samples(1)));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(events).toEqual(['began', 'done', 'stopped']);
      await subscription.stop();
    },
  },
  {
    name: 'a subscription that waits for events stops at once',
    async run({ store }) {
      const subscription = store.subscribe({ from: 0 }, async () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
      await subscription.stop();
      await expect(subscription.ended).resolves.toBeUndefined();
    },
  },
  {
    name: 'a handler that rejects ends its subscription with that error',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(4)));
      const failure = new Error('poison');
      let calls = 0;
      const subscription = store.subscribe({ from: 0, batchSize: 1 }, async () => {
        calls += 1;
        if (calls === 2) throw failure;
      });
      await expect(subscription.ended).rejects.toBe(failure);
      await appended(store, write(streamOf(), 'none', samples(1)));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(calls).toBe(2);
      await subscription.stop();
    },
  },
  {
    name: 'a subscription taken up where another ended misses and repeats nothing',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(20)));
      const seen: StoredEvent[] = [];
      for (let from = 0; seen.length < 20; from = seen.at(-1)!.position) {
        const taken = seen.length;
        const subscription = store.subscribe({ from, batchSize: 3 }, async (batch) => void seen.push(...batch));
        await until(() => seen.length > taken);
        await subscription.stop();
      }
      expect(ids(seen)).toEqual(ids(await everything(store)));
    },
  },
  {
    name: 'a subscription with prefixes hands over only those streams',
    async run({ store }) {
      const { events } = await filtered(store, { from: 0, prefixes: ['order-', 'patient-'] });
      expect(events).toEqual((await everything(store)).filter(({ stream }) => /^(order|patient)-/.test(stream)));
    },
  },
  {
    name: 'through says how far a subscription has come, also past what it leaves out',
    async run({ store }) {
      const quiet = await filtered(store, { from: 0, prefixes: ['patient-'] });
      expect(quiet.calls.every(({ batch }) => batch.length > 0)).toBe(true);
      const { calls } = await filtered(store, { from: 0, prefixes: ['patient-'], checkpoints: true });
      const all = await everything(store);
      const wanted = all.filter(({ stream }) => stream.startsWith('patient-'));
      const seen: StoredEvent[] = [];
      for (const { batch, through } of calls) {
        seen.push(...batch);
        expect(seen).toEqual(wanted.filter(({ position }) => position <= through));
      }
      expect(calls.at(-1)!.through).toBe(all.at(-1)!.position);
      expect(calls.every(({ through }, i) => i === 0 || through > calls[i - 1]!.through)).toBe(true);
    },
  },
  {
    name: 'subscriptions are independent of each other',
    async run({ store }) {
      const hold = gate();
      const [slow, fast]: [StoredEvent[], StoredEvent[]] = [[], []];
      const first = store.subscribe({ from: 0 }, async (batch) => {
        await hold.opened;
        slow.push(...batch);
      });
      const second = store.subscribe({ from: 0 }, async (batch) => void fast.push(...batch));
      for (let i = 0; i < 5; i++) await appended(store, write(streamOf(), 'none', samples(2)));
      await until(() => fast.length === 10);
      expect(slow).toEqual([]);
      hold.open();
      await until(() => slow.length === 10);
      expect(slow).toEqual(fast);
      await Promise.all([first.stop(), second.stop()]);
    },
  },
  {
    name: 'closing the store ends its subscriptions after the batch in hand',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(2)));
      const hold = gate();
      let state = 'waiting';
      const subscription = store.subscribe({ from: 0 }, async () => {
        state = 'running';
        await hold.opened;
        state = 'done';
      });
      await until(() => state === 'running');
      const closed = store.close();
      hold.open();
      await closed;
      expect(state).toBe('done');
      await expect(subscription.ended).resolves.toBeUndefined();
    },
  },
];

interface Call {
  readonly batch: readonly StoredEvent[];
  readonly through: number;
}

/** Fills the store with several kinds, and follows it until a last event that the options ask for. */
async function filtered(
  store: EventStore,
  options: SubscribeOptions,
): Promise<{ readonly events: StoredEvent[]; readonly calls: Call[] }> {
  const calls: Call[] = [];
  const subscription = store.subscribe({ batchSize: 4, ...options }, async (batch, through) => {
    calls.push({ batch, through });
  });
  const kinds = ['patient', 'access', 'order', 'access', 'access', 'patient', 'ward'];
  for (const kind of kinds) await appended(store, write(streamOf(kind), 'none', samples(3)));
  const last = streamOf('patient');
  await appended(store, write(last, 'none', samples(1)));
  await until(() => calls.at(-1)?.batch.at(-1)?.stream === last);
  if (options.checkpoints === true) {
    const { position } = await appended(store, write(streamOf('access'), 'none', samples(2)));
    await until(() => calls.at(-1)!.through >= position);
  }
  await subscription.stop();
  return { events: calls.flatMap(({ batch }) => batch), calls };
}
