import { expect } from '@jest/globals';
import { newId } from '@anamnesis/kernel';
import type { EventStore, NewEvent, StreamWrite } from '../port.ts';
import {
  appended,
  everything,
  ids,
  refused,
  sample,
  samples,
  streamOf,
  write,
  type EventStoreCase,
} from './samples.ts';

/** What one write promises: expectations, contents, limits, one winner. */
export const appendCases: readonly EventStoreCase[] = [
  {
    name: 'a new stream begins with its events, whole',
    async run({ store }) {
      const stream = streamOf();
      const events = samples(3);
      const result = await appended(store, write(stream, 'none', events));
      const stored = await store.readStream(stream);
      expect(stored.map(({ id, type, schema, meta, data }) => ({ id, type, schema, meta, data }))).toEqual(events);
      expect(stored.map((event) => event.stream)).toEqual([stream, stream, stream]);
      expect(stored[0]!.revision).toBeGreaterThanOrEqual(0);
      expect(stored.at(-1)).toMatchObject({ revision: result.revisions[0], position: result.position });
      expect(stored.map(({ recordedAt }) => recordedAt)).toEqual(Array(3).fill(result.recordedAt));
      expect(Number.isSafeInteger(result.recordedAt)).toBe(true);
    },
  },
  {
    name: 'revisions and positions increase from append to append',
    async run({ store }) {
      const stream = streamOf();
      let last = await appended(store, write(stream, 'none', samples(2)));
      for (let i = 0; i < 5; i++) {
        const next = await appended(store, write(stream, last.revisions[0]!, samples(2)));
        expect(next.position).toBeGreaterThan(last.position);
        expect(next.revisions[0]).toBeGreaterThan(last.revisions[0]!);
        last = next;
      }
      const stored = await store.readStream(stream);
      expect(stored.map((e) => e.revision)).toEqual(stored.map((e) => e.revision).toSorted((a, b) => a - b));
      expect(new Set(stored.map((e) => e.revision)).size).toBe(12);
    },
  },
  {
    name: "expecting 'none' is refused by a stream that exists",
    async run({ store }) {
      const stream = streamOf();
      const first = await appended(store, write(stream, 'none', samples(2)));
      expect(await refused(store, write(stream, 'none', samples(1)))).toEqual({ stream, actual: first.revisions[0] });
    },
  },
  {
    name: 'expecting a revision is refused by a stream that stands elsewhere',
    async run({ store }) {
      const stream = streamOf();
      const first = await appended(store, write(stream, 'none', samples(1)));
      const second = await appended(store, write(stream, first.revisions[0]!, samples(1)));
      const actual = second.revisions[0]!;
      expect(await refused(store, write(stream, first.revisions[0]!, samples(1)))).toEqual({ stream, actual });
      expect(await refused(store, write(stream, actual + 1, samples(1)))).toEqual({ stream, actual });
      expect(await store.readStream(stream)).toHaveLength(2);
    },
  },
  {
    name: 'expecting a revision is refused by a stream that does not exist',
    async run({ store }) {
      const stream = streamOf();
      expect(await refused(store, write(stream, 0, samples(1)))).toEqual({ stream, actual: 'none' });
      expect(await store.readStream(stream)).toEqual([]);
    },
  },
  {
    name: "expecting 'any' appends to whatever stands there",
    async run({ store }) {
      const stream = streamOf();
      const events = samples(3);
      for (const event of events) await appended(store, write(stream, 'any', [event]));
      expect(ids(await store.readStream(stream))).toEqual(ids(events));
    },
  },
  {
    name: 'a write without events is only a condition',
    async run({ store }) {
      const stream = streamOf();
      const absent = streamOf();
      const first = await appended(store, write(stream, 'none', samples(1)));
      const held = await appended(store, write(stream, first.revisions[0]!, []));
      expect(held).toMatchObject({ position: await store.head(), revisions: first.revisions });
      expect((await appended(store, write(absent, 'none', []))).revisions).toEqual([-1]);
      expect((await appended(store, write(absent, 'any', []))).revisions).toEqual([-1]);
      expect(await refused(store, write(stream, 'none', []))).toEqual({ stream, actual: first.revisions[0] });
      expect(await refused(store, write(absent, 0, []))).toEqual({ stream: absent, actual: 'none' });
      expect(await everything(store)).toHaveLength(1);
    },
  },
  {
    name: 'contents come back octet by octet',
    async run({ store }) {
      const stream = streamOf();
      const events = [
        sample({ data: Uint8Array.from({ length: 256 }, (_, i) => i) }),
        sample({ data: new Uint8Array() }),
        sample({ type: 'Größe-測定-🩺', schema: 4_294_967_295, meta: '{"note":"naïve – \u0000 \u2028 💉"}' }),
        sample({ type: 'x'.repeat(200), meta: '' }),
        sample({ id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }),
        sample({ id: '00000000-0000-0000-0000-000000000000' }),
      ];
      await appended(store, write(stream, 'none', events));
      const stored = await store.readStream(stream);
      expect(stored.map(({ id, type, schema, meta, data }) => ({ id, type, schema, meta, data }))).toEqual(events);
    },
  },
  {
    name: 'data is taken as it is at the call',
    async run({ store }) {
      const stream = streamOf();
      const data = new Uint8Array([1, 2, 3]);
      const pending = store.append(write(stream, 'none', [sample({ data })]));
      data.fill(9);
      await pending;
      expect([...(await store.readStream(stream))[0]!.data]).toEqual([1, 2, 3]);
    },
  },
  {
    name: 'a large event comes back whole',
    async run({ store }) {
      const stream = streamOf();
      const data = new Uint8Array(8 * 1024 * 1024).map((_, i) => (i * 31) >> 3);
      await appended(store, write(stream, 'none', [sample({ data })]));
      const [stored] = await store.readStream(stream);
      expect(Buffer.compare(stored!.data, data)).toBe(0);
    },
  },
  {
    name: 'the longest stream name serves, others are refused',
    async run({ store }) {
      const longest = 'a'.repeat(200);
      await appended(store, write(longest, 'none', samples(1)));
      expect(await store.readStream(longest)).toHaveLength(1);
      for (const name of ['', 'a'.repeat(201), 'Patient-1', 'patient_1', 'patient-é', 'a b', 'a\n', '$all']) {
        await expect(store.append(write(name, 'any', samples(1)))).rejects.toBeInstanceOf(TypeError);
        await expect(store.append(write(name, 'any', []))).rejects.toBeInstanceOf(TypeError);
        await expect(store.readStream(name)).rejects.toBeInstanceOf(TypeError);
      }
    },
  },
  {
    name: 'what is not well formed is refused whole',
    async run({ store }) {
      const wrong: Partial<NewEvent>[] = [
        { id: '' },
        { id: newId().toUpperCase() },
        { id: `${newId()}0` },
        { id: newId().replaceAll('-', '0') },
        { type: '' },
        { type: 'x'.repeat(201) },
        { type: '\ud800' },
        { meta: '"\udc00"' },
        { schema: 0 },
        { schema: 1.5 },
        { data: 'text' as unknown as Uint8Array },
      ];
      for (const changes of wrong) {
        const events = [sample(), sample(changes)];
        await expect(store.append(write(streamOf(), 'none', events))).rejects.toBeInstanceOf(TypeError);
      }
      for (const expected of [-1, 0.5, Number.NaN, 2 ** 53]) {
        await expect(store.append(write(streamOf(), expected, samples(1)))).rejects.toBeInstanceOf(TypeError);
      }
      expect(await everything(store)).toEqual([]);
      await appended(store, write(streamOf(), 'none', samples(1)));
    },
  },
  {
    name: 'a batch over the limits is refused whole, one at the limit is stored',
    async run({ store }) {
      const tooMany = [write(streamOf(), 'none', samples(5_000)), write(streamOf(), 'none', samples(5_001))];
      await expect(store.appendAll(tooMany)).rejects.toBeInstanceOf(RangeError);
      const data = new Uint8Array(22 * 1024 * 1024);
      const tooLarge = write(streamOf(), 'none', [sample({ data }), sample({ data }), sample({ data })]);
      await expect(store.append(tooLarge)).rejects.toBeInstanceOf(RangeError);
      expect(await everything(store)).toEqual([]);
      const stream = streamOf();
      await appended(store, write(stream, 'none', samples(10_000)));
      expect(await store.readStream(stream, { limit: 10_000 })).toHaveLength(10_000);
    },
  },
  {
    name: 'of concurrent writers at one revision exactly one wins',
    async run({ store }) {
      for (const expected of ['none', 'revision'] as const) {
        const stream = streamOf();
        const start =
          expected === 'none' ? 'none' : (await appended(store, write(stream, 'none', samples(1)))).revisions[0]!;
        const rivals = Array.from({ length: 20 }, () => write(stream, start, samples(2)));
        const results = await Promise.all(rivals.map((rival) => store.append(rival)));
        const winners = rivals.filter((_, i) => results[i]!.ok);
        expect(winners).toHaveLength(1);
        const stored = await store.readStream(stream);
        expect(ids(stored).slice(-2)).toEqual(ids(winners[0]!.events));
        const actual = stored.at(-1)!.revision;
        expect(results.filter((result) => !result.ok)).toEqual(
          Array(19).fill({ ok: false, conflict: { stream, actual } }),
        );
      }
    },
  },
  {
    name: 'concurrent appends to many streams are each stored once, in order',
    async run({ store }) {
      const streams = Array.from({ length: 40 }, () => streamOf());
      const sent = await Promise.all(streams.map((stream) => appendInTurn(store, stream)));
      for (const [i, stream] of streams.entries()) {
        expect(ids(await store.readStream(stream))).toEqual(sent[i]);
      }
      const all = await everything(store);
      expect(ids(all).toSorted()).toEqual(sent.flat().toSorted());
      expect(all.every((event, i) => i === 0 || event.position > all[i - 1]!.position)).toBe(true);
    },
  },
  {
    name: 'a refused append does not disturb those beside it',
    async run({ store }) {
      const taken = streamOf();
      await appended(store, write(taken, 'none', samples(1)));
      const writes: StreamWrite[] = Array.from({ length: 30 }, (_, i) =>
        write(i % 3 === 0 ? taken : streamOf(), 'none', samples(1)),
      );
      const results = await Promise.all(writes.map((one) => store.append(one)));
      expect(results.map(({ ok }) => ok)).toEqual(writes.map((_, i) => i % 3 !== 0));
      expect(await everything(store)).toHaveLength(21);
    },
  },
  {
    name: 'a closed store takes and tells nothing more',
    async run({ store }) {
      const stream = streamOf();
      const last = store.append(write(stream, 'none', samples(1)));
      const closed = store.close();
      await expect(last).resolves.toMatchObject({ ok: true });
      await closed;
      const stopping = expect.objectContaining({ code: 'stopping' });
      await expect(store.append(write(stream, 'any', samples(1)))).rejects.toEqual(stopping);
      await expect(store.readStream(stream)).rejects.toEqual(stopping);
      await expect(store.head()).rejects.toEqual(stopping);
      await store.close();
    },
  },
];

async function appendInTurn(store: EventStore, stream: string): Promise<string[]> {
  const sent: string[] = [];
  let expected: number | 'none' = 'none';
  for (let i = 0; i < 5; i++) {
    const events = samples(1 + (i % 3));
    const result = await appended(store, write(stream, expected, events));
    expected = result.revisions[0]!;
    sent.push(...ids(events));
  }
  return sent;
}
