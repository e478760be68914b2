import { expect } from '@jest/globals';
import { appended, everything, ids, refused, samples, streamOf, write, type EventStoreCase } from './samples.ts';

/** What `appendAll` promises: all or nothing, seen whole or not at all. */
export const batchCases: readonly EventStoreCase[] = [
  {
    name: 'a batch appends to all its streams, in the order of its writes',
    async run({ store }) {
      const writes = [1, 3, 2].map((count) => write(streamOf(), 'none', samples(count)));
      const result = await appended(store, ...writes);
      const all = await everything(store);
      expect(ids(all)).toEqual(ids(writes.flatMap(({ events }) => events)));
      expect(result.position).toBe(all.at(-1)!.position);
      for (const [i, { stream, events }] of writes.entries()) {
        const stored = await store.readStream(stream);
        expect(ids(stored)).toEqual(ids(events));
        expect(result.revisions[i]).toBe(stored.at(-1)!.revision);
      }
      expect(new Set(all.map(({ recordedAt }) => recordedAt))).toEqual(new Set([result.recordedAt]));
    },
  },
  {
    name: 'a batch with one conflict stores nothing',
    async run({ store }) {
      const taken = streamOf();
      const first = await appended(store, write(taken, 'none', samples(1)));
      const conflict = { stream: taken, actual: first.revisions[0] };
      const fresh = (): ReturnType<typeof write> => write(streamOf(), 'none', samples(2));
      const late = write(taken, 'none', samples(1));
      expect(await refused(store, fresh(), fresh(), late)).toEqual(conflict);
      expect(await refused(store, late, fresh())).toEqual(conflict);
      expect(await refused(store, fresh(), write(taken, 'none', []))).toEqual(conflict);
      expect(await everything(store)).toHaveLength(1);
    },
  },
  {
    name: 'a condition in a batch guards the other writes',
    async run({ store }) {
      const guard = streamOf('ward');
      const first = await appended(store, write(guard, 'none', samples(1)));
      const stream = streamOf();
      const held = await appended(store, write(guard, first.revisions[0]!, []), write(stream, 'none', samples(1)));
      expect(held.revisions).toEqual([first.revisions[0], (await store.readStream(stream))[0]!.revision]);
      expect(held.position).toBe(await store.head());
    },
  },
  {
    name: 'two writes of a batch may go to one stream, the second checked after the first',
    async run({ store }) {
      const stream = streamOf();
      const start = await appended(store, write(stream, 'none', samples(1)));
      const at = start.revisions[0]!;
      const [a, b, c] = [samples(2), samples(1), samples(1)];
      const batch = [write(stream, at, a), write(stream, at + 2, b), write(stream, 'any', c)];
      const result = await appended(store, ...batch);
      expect(ids(await store.readStream(stream)).slice(1)).toEqual(ids([...a, ...b, ...c]));
      expect(result.revisions.toSorted((x, y) => x - y)).toEqual([...result.revisions]);
      expect(await appended(store, ...batch)).toEqual(result);
      const last = result.revisions[2]!;
      const inconsistent = [write(stream, last, samples(1)), write(stream, last, samples(1))];
      expect(await refused(store, ...inconsistent)).toMatchObject({ stream });
      expect(await refused(store, write(stream, last, samples(1)), write(stream, 'none', []))).toMatchObject({
        stream,
      });
      const loose = [write(stream, 'any', samples(2)), write(stream, 'any', samples(1))];
      const twice = await appended(store, ...loose);
      expect(await appended(store, ...loose)).toEqual(twice);
      expect(await store.readStream(stream)).toHaveLength(8);
    },
  },
  {
    name: 'a batch without writes changes nothing',
    async run({ store }) {
      await appended(store, write(streamOf(), 'none', samples(1)));
      expect(await store.appendAll([])).toMatchObject({ ok: true, position: await store.head(), revisions: [] });
      expect(await everything(store)).toHaveLength(1);
    },
  },
  {
    name: 'of concurrent batches over common streams one wins, and the losers leave nothing',
    async run({ store }) {
      const [left, right] = [streamOf(), streamOf()];
      const rivals = Array.from({ length: 12 }, (_, i) => {
        const writes = [write(left, 'none', samples(1)), write(right, 'none', samples(1))];
        return [...(i % 2 === 0 ? writes : writes.toReversed()), write(streamOf('claim'), 'none', samples(1))];
      });
      const results = await Promise.all(rivals.map((rival) => store.appendAll(rival)));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      const winner = rivals[results.findIndex(({ ok }) => ok)]!;
      expect(ids(await everything(store))).toEqual(ids(winner.flatMap(({ events }) => events)));
    },
  },
  {
    name: 'no reader ever sees a part of a batch',
    async run({ store }) {
      const size = 7;
      let writing = true;
      const writers = Promise.all(
        Array.from({ length: 6 }, async () => {
          for (let i = 0; i < 12; i++) {
            await appended(store, ...Array.from({ length: size }, () => write(streamOf(), 'none', samples(1))));
          }
        }),
      ).finally(() => (writing = false));
      const partial: number[] = [];
      let looks = 0;
      while (writing) {
        const [head, events] = [await store.head(), await store.readAll({ limit: 10_000 })];
        if (events.length % size !== 0) partial.push(events.length);
        if (events.filter(({ position }) => position <= head).length % size !== 0) partial.push(head);
        looks += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writers;
      expect(partial).toEqual([]);
      expect(looks).toBeGreaterThan(1);
    },
  },
];
