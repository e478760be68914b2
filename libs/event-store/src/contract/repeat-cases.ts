import { expect } from '@jest/globals';
import { appended, everything, ids, refused, samples, streamOf, write, type EventStoreCase } from './samples.ts';

/** What a call that is repeated gets: the first answer, and nothing stored twice. */
export const repeatCases: readonly EventStoreCase[] = [
  {
    name: 'a repeated append answers as the first time and appends nothing',
    async run({ store }) {
      for (const expected of ['none', 'any'] as const) {
        const stream = streamOf();
        const once = write(stream, expected, samples(3));
        const first = await appended(store, once);
        await appended(store, write(streamOf(), 'none', samples(1)));
        expect(await appended(store, once)).toEqual(first);
        const next = write(stream, first.revisions[0]!, samples(2));
        const second = await appended(store, next);
        expect(await appended(store, next)).toEqual(second);
        expect(ids(await store.readStream(stream))).toEqual(ids([...once.events, ...next.events]));
      }
    },
  },
  {
    name: 'a repeated append is known also when others have appended since',
    async run({ store }) {
      const stream = streamOf();
      const once = write(stream, 'none', samples(2));
      const first = await appended(store, once);
      await appended(store, write(stream, first.revisions[0]!, samples(2)));
      expect(await appended(store, once)).toEqual(first);
      expect(await store.readStream(stream)).toHaveLength(4);
    },
  },
  {
    name: 'an append repeated at the same moment is stored once',
    async run({ store }) {
      for (const expected of ['none', 'any'] as const) {
        const stream = streamOf();
        const once = write(stream, expected, samples(2));
        const answers = await Promise.all([appended(store, once), appended(store, once), appended(store, once)]);
        expect(answers[1]).toEqual(answers[0]);
        expect(answers[2]).toEqual(answers[0]);
        expect(ids(await store.readStream(stream))).toEqual(ids(once.events));
      }
    },
  },
  {
    name: 'other events, in another number or order, are no repeat',
    async run({ store }) {
      const stream = streamOf();
      const [a, b, c, d] = samples(4);
      const first = await appended(store, write(stream, 'none', [a!, b!, c!]));
      const actual = first.revisions[0];
      for (const events of [[a!, c!], [b!, a!, c!], [a!, b!, d!], [a!, b!, c!, d!], [b!, c!], [d!]]) {
        expect(await refused(store, write(stream, 'none', events))).toEqual({ stream, actual });
      }
      // The beginning of what was appended is a repeat: its events stand right after the expected revision.
      expect((await appended(store, write(stream, 'none', [a!, b!]))).ok).toBe(true);
      expect(ids(await store.readStream(stream))).toEqual(ids([a!, b!, c!]));
    },
  },
  {
    name: 'one event id may stand in two streams',
    async run({ store }) {
      const events = samples(1);
      await appended(store, write(streamOf(), 'none', events));
      await appended(store, write(streamOf(), 'none', events));
      expect(ids(await everything(store))).toEqual([events[0]!.id, events[0]!.id]);
    },
  },
  {
    name: 'a repeated batch answers as the first time and appends nothing',
    async run({ store }) {
      const guarded = streamOf();
      const batch = [
        write(streamOf(), 'none', samples(2)),
        write(guarded, 'none', []),
        write(streamOf(), 'any', samples(1)),
      ];
      const first = await appended(store, ...batch);
      expect(await appended(store, ...batch)).toEqual(first);
      // What the batch was conditional on may have changed since it was appended.
      await appended(store, write(guarded, 'none', samples(1)));
      expect(await appended(store, ...batch)).toMatchObject({ ok: true, position: first.position });
      expect(await everything(store)).toHaveLength(4);
    },
  },
  {
    name: 'a batch of which only a part is a repeat is a conflict',
    async run({ store }) {
      const known = write(streamOf(), 'none', samples(1));
      const knownAny = write(streamOf(), 'any', samples(1));
      await appended(store, known);
      await appended(store, knownAny);
      const fresh = write(streamOf(), 'none', samples(1));
      expect(await refused(store, fresh, known)).toMatchObject({ stream: known.stream });
      expect(await refused(store, known, fresh)).toMatchObject({ stream: known.stream });
      expect(await refused(store, fresh, knownAny)).toMatchObject({ stream: knownAny.stream });
      expect(await store.readStream(fresh.stream)).toEqual([]);
      expect(await appended(store, known, knownAny)).toMatchObject({ ok: true });
    },
  },
  {
    name: 'a repeat is known after the store was opened again',
    async run({ store, reopen }) {
      if (reopen === undefined) return;
      const stream = streamOf();
      const single = write(stream, 'none', samples(2));
      const loose = write(streamOf(), 'any', samples(2));
      const batch = [write(streamOf(), 'none', samples(1)), write(streamOf(), 'none', samples(1))];
      const answers = [await appended(store, single), await appended(store, loose), await appended(store, ...batch)];
      const again = await reopen();
      expect([await appended(again, single), await appended(again, loose), await appended(again, ...batch)]).toEqual(
        answers,
      );
      expect(await everything(again)).toHaveLength(6);
    },
  },
];
