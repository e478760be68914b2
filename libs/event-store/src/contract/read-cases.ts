import { expect } from '@jest/globals';
import type { EventStore, ReadAllOptions, StoredEvent } from '../port.ts';
import { appended, everything, ids, samples, streamOf, write, type EventStoreCase } from './samples.ts';

/** What reading promises: order, bounds, filters, the clock. */
export const readCases: readonly EventStoreCase[] = [
  {
    name: 'an append is read back as soon as it is answered',
    async run({ store }) {
      for (let i = 0; i < 20; i++) {
        const stream = streamOf();
        const { position } = await appended(store, write(stream, 'none', samples(1)));
        expect(await store.head()).toBe(position);
        expect(await store.readStream(stream)).toHaveLength(1);
        expect((await store.readAll({ direction: 'backwards', limit: 1 }))[0]!.stream).toBe(stream);
      }
    },
  },
  {
    name: 'an unknown stream and an empty store read as empty',
    async run({ store }) {
      expect(await store.readStream(streamOf())).toEqual([]);
      expect(await store.readStream(streamOf(), { direction: 'backwards' })).toEqual([]);
      expect(await store.readAll()).toEqual([]);
      expect(await store.readAll({ direction: 'backwards' })).toEqual([]);
      expect(await store.head()).toBe(0);
      expect(await store.positionAt(Date.now())).toBe(0);
    },
  },
  {
    name: 'a stream is read both ways, from a revision, up to a limit',
    async run({ store }) {
      const stream = streamOf();
      const events = samples(9);
      await appended(store, write(streamOf(), 'none', samples(1)));
      await appended(store, write(stream, 'none', events));
      const forwards = await store.readStream(stream);
      const backwards = await store.readStream(stream, { direction: 'backwards' });
      expect(ids(forwards)).toEqual(ids(events));
      expect(backwards).toEqual(forwards.toReversed());
      const from = forwards[4]!.revision;
      expect(await store.readStream(stream, { from })).toEqual(forwards.slice(4));
      expect(await store.readStream(stream, { from, limit: 2 })).toEqual(forwards.slice(4, 6));
      expect(await store.readStream(stream, { from, direction: 'backwards' })).toEqual(backwards.slice(4));
      expect(await store.readStream(stream, { limit: 2, direction: 'backwards' })).toEqual(backwards.slice(0, 2));
      expect(await store.readStream(stream, { from: forwards[8]!.revision + 1 })).toEqual([]);
    },
  },
  {
    name: 'a stream is read as it stood at a position',
    async run({ store }) {
      const stream = streamOf();
      let expected: number | 'none' = 'none';
      for (let i = 0; i < 4; i++) {
        expected = (await appended(store, write(stream, expected, samples(2)))).revisions[0]!;
        await appended(store, write(streamOf(), 'none', samples(1)));
      }
      const whole = await store.readStream(stream);
      for (const { position: upTo } of await everything(store)) {
        const then = whole.filter(({ position }) => position <= upTo);
        expect(await store.readStream(stream, { upTo })).toEqual(then);
        expect(await store.readStream(stream, { upTo, direction: 'backwards', limit: 3 })).toEqual(
          then.toReversed().slice(0, 3),
        );
      }
      expect(await store.readStream(stream, { upTo: 0 })).toEqual([]);
    },
  },
  {
    name: 'all events are read both ways, page by page, each once',
    async run({ store }) {
      await fill(store, ['patient', 'order'], 25);
      const forwards = await pages(store, { limit: 7 });
      expect(forwards).toHaveLength(25);
      expect(await pages(store, { limit: 7, direction: 'backwards' })).toEqual(forwards.toReversed());
      const from = forwards[10]!.position;
      expect(await store.readAll({ from })).toEqual(forwards.slice(11));
      expect(await store.readAll({ from, direction: 'backwards' })).toEqual(forwards.slice(0, 10).toReversed());
      expect(await store.readAll({ from: 0, limit: 3 })).toEqual(forwards.slice(0, 3));
      expect(await store.readAll({ from: forwards.at(-1)!.position })).toEqual([]);
      expect(await store.head()).toBe(forwards.at(-1)!.position);
    },
  },
  {
    name: 'prefixes choose streams by the beginning of their names',
    async run({ store }) {
      await fill(store, ['patient', 'patients', 'order', 'access'], 40);
      const all = await everything(store);
      const choices = [
        ['patient-'],
        ['patient'],
        ['order-', 'access-'],
        ['atient'],
        [],
        [''],
        ['a'.repeat(250)],
        ['é'],
      ];
      for (const prefixes of choices) {
        const wanted = all.filter(({ stream }) => prefixes.some((prefix) => stream.startsWith(prefix)));
        expect(await store.readAll({ prefixes })).toEqual(wanted);
        expect(await pages(store, { prefixes, limit: 3 })).toEqual(wanted);
        expect(await pages(store, { prefixes, limit: 3, direction: 'backwards' })).toEqual(wanted.toReversed());
      }
    },
  },
  {
    name: 'a filtered page is full although most events are left out',
    async run({ store }) {
      const wanted = [streamOf('patient'), streamOf('patient')];
      await appended(store, write(wanted[0]!, 'none', samples(1)));
      await appended(store, write(streamOf('access'), 'none', samples(5_000)));
      await appended(store, write(wanted[1]!, 'none', samples(1)));
      const found = await store.readAll({ prefixes: ['patient-'], limit: 2 });
      expect(found.map(({ stream }) => stream)).toEqual(wanted);
    },
  },
  {
    name: 'a limit out of bounds is refused',
    async run({ store }) {
      for (const limit of [0, -1, 1.5, Number.NaN, 10_001]) {
        await expect(store.readAll({ limit })).rejects.toBeInstanceOf(RangeError);
        await expect(store.readStream(streamOf(), { limit })).rejects.toBeInstanceOf(RangeError);
      }
    },
  },
  {
    name: 'limits hold where none is given: a thousand, and ten thousand are served',
    async run({ store }) {
      const stream = streamOf();
      await appended(store, write(stream, 'none', samples(1_001)));
      expect(await store.readStream(stream)).toHaveLength(1_000);
      expect(await store.readAll()).toHaveLength(1_000);
      expect(await store.readAll({ limit: 10_000 })).toHaveLength(1_001);
    },
  },
  {
    name: 'a moment selects the last position that was committed by then',
    async run({ store }) {
      for (let i = 0; i < 6; i++) {
        await appended(store, write(streamOf(), 'none', samples(2)));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const all = await everything(store);
      const instants = all.flatMap(({ recordedAt }) => [recordedAt - 1, recordedAt, recordedAt + 1]);
      for (const instant of [0, ...instants, Number.MAX_SAFE_INTEGER]) {
        expect(await store.positionAt(instant)).toBe(positionAt(all, instant));
      }
    },
  },
  {
    name: 'everything reads the same after the store was opened again',
    async run({ store, reopen }) {
      if (reopen === undefined) return;
      await fill(store, ['patient', 'order'], 30);
      const before = await everything(store);
      const again = await reopen();
      expect(await everything(again)).toEqual(before);
      expect(await again.head()).toBe(before.at(-1)!.position);
      const { position } = await appended(again, write(streamOf(), 'none', samples(1)));
      expect(position).toBeGreaterThan(before.at(-1)!.position);
    },
  },
];

/** One event a stream, the kinds in turn. */
async function fill(store: EventStore, kinds: readonly string[], count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await appended(store, write(streamOf(kinds[i % kinds.length]), 'none', samples(1)));
  }
}

async function pages(store: EventStore, options: ReadAllOptions): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (;;) {
    const from = all.at(-1)?.position;
    const page = await store.readAll(from === undefined ? options : { ...options, from });
    if (page.length > options.limit!) throw new Error('A page is longer than its limit.');
    all.push(...page);
    if (page.length < options.limit!) return all;
  }
}

/** The definition, word by word. */
function positionAt(all: readonly StoredEvent[], instant: number): number {
  let maximum = 0;
  let position = 0;
  for (const event of all) {
    maximum = Math.max(maximum, event.recordedAt);
    if (maximum <= instant) position = event.position;
  }
  return position;
}
