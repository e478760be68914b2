import assert from 'node:assert/strict';
import {
  faults,
  found,
  holding,
  idsOf,
  MODEL,
  opened,
  put,
  purge,
  remove,
  text,
  type ReadStoreCase,
} from './samples.ts';

/** Generations, progress, and who may write. */
export const generationCases: readonly ReadStoreCase[] = [
  {
    name: 'what is being built is not seen until it is swapped in',
    async run(opening) {
      const { store } = opening;
      const { reader, writer } = await holding(opening, put(1, 'Basic', 'old'));
      const build = await store.build(MODEL);
      await build.apply([put(1, 'Basic', 'new'), put(2, 'Basic', 'newer')], 2);
      assert.equal(await build.progress(), 2);
      assert.deepEqual(await found(reader, 'Basic'), ['old']);
      assert.equal(await reader.progress(), 1);
      await writer.close();
      await store.swap(MODEL);
      assert.deepEqual(await found(reader, 'Basic'), ['new', 'newer']);
      assert.equal(await reader.get('Basic', 'old'), undefined);
      assert.equal(await reader.progress(), 2);
    },
  },
  {
    name: 'the live generation is written on while another is built, and after the swap',
    async run(opening) {
      const { store } = opening;
      const { reader, writer } = await holding(opening, put(1, 'Basic', 'a'));
      const build = await store.build(MODEL);
      await build.apply([put(1, 'Basic', 'a')], 1);
      await writer.apply([put(2, 'Basic', 'b')], 2);
      assert.deepEqual(await found(reader, 'Basic'), ['a', 'b']);
      await build.apply([put(2, 'Basic', 'b')], 2);
      await writer.close();
      await store.swap(MODEL);
      const next = await store.writer(MODEL);
      assert.equal(await next.progress(), 2);
      await next.apply([put(3, 'Basic', 'c'), put(1, 'Basic', 'a', { body: 'late' })], 3);
      assert.deepEqual(await found(reader, 'Basic'), ['a', 'b', 'c']);
      assert.equal((await reader.get('Basic', 'a'))!.position, 1);
    },
  },
  {
    name: 'a build keeps the rules of every write',
    async run({ store }) {
      const build = await store.build(MODEL);
      const entries = [text('n', 'Ann')];
      await build.apply(
        [put(1, 'Basic', 'a', { entries }), put(2, 'Basic', 'a'), put(3, 'Basic', 'b', { entries })],
        3,
      );
      await build.apply([remove(5, 'Basic', 'b'), put(4, 'Basic', 'b'), put(6, 'Basic', 'c', { subject: 's' })], 6);
      await build.apply([purge(7, 's'), put(6, 'Basic', 'c', { subject: 's' })], 7);
      await store.swap(MODEL);
      const reader = await store.reader(MODEL);
      assert.deepEqual(await found(reader, 'Basic'), ['a']);
      assert.deepEqual(await found(reader, 'Basic', { param: 'n', string: { prefix: '' } }), []);
    },
  },
  {
    name: 'a page link of the old generation goes on in the one rebuilt from the same operations',
    async run(opening) {
      const { store } = opening;
      const all = Array.from({ length: 9 }, (_, index) => put(10 * index + 1, 'Basic', `b${index}`));
      const { reader, writer } = await holding(opening, ...all);
      const page = await reader.query({ type: 'Basic', limit: 4 });
      await writer.close();
      const build = await store.build(MODEL);
      for (const operation of all) await build.apply([operation], operation.position);
      await store.swap(MODEL);
      const rest = await reader.query({ type: 'Basic', limit: 100, after: page.next! });
      assert.deepEqual(idsOf(rest), ['b4', 'b5', 'b6', 'b7', 'b8']);
    },
  },
  {
    name: 'an abandoned build leaves the live generation as it is, and another can follow',
    async run(opening) {
      const { store } = opening;
      const { reader } = await holding(opening, put(1, 'Basic', 'a'));
      const build = await store.build(MODEL);
      await build.apply([put(1, 'Basic', 'x')], 1);
      await build.close();
      await faults('read-model-unavailable', () => store.swap(MODEL));
      assert.deepEqual(await found(reader, 'Basic'), ['a']);
      await (await store.build(MODEL)).close();
    },
  },
  {
    name: 'there is one writer and one builder at a time',
    async run({ store }) {
      const writer = await store.writer(MODEL);
      await faults('store-in-use', () => store.writer(MODEL));
      await writer.close();
      const build = await store.build(MODEL);
      await faults('store-in-use', () => store.build(MODEL));
      await build.close();
      await (await store.writer(MODEL)).close();
      await (await store.build(MODEL)).close();
    },
  },
  {
    name: 'models are apart',
    async run(opening) {
      await holding(opening, put(1, 'Basic', 'a'));
      const other = await opening.store.writer('other');
      await other.apply([put(4, 'Basic', 'b')], 4);
      const reader = await opening.store.reader('other');
      assert.deepEqual(await found(reader, 'Basic'), ['b']);
      assert.equal(await reader.progress(), 4);
    },
  },
  {
    name: 'whoever waits for a position is told when it is reached',
    async run(opening) {
      const { reader, writer } = await opened(opening);
      await reader.waitFor(0, 0);
      const waiting = reader.waitFor(5, 10_000);
      const waitingLonger = reader.waitFor(7, 10_000);
      await writer.apply([put(5, 'Basic', 'a')], 5);
      await waiting;
      assert.notEqual(await reader.get('Basic', 'a'), undefined);
      await writer.apply([], 7);
      await waitingLonger;
      await reader.waitFor(6, 0);
    },
  },
  {
    name: 'waiting ends with its time',
    async run(opening) {
      const { reader, writer } = await opened(opening);
      await writer.apply([], 4);
      const fault = await faults('read-model-behind', () => reader.waitFor(5, 30));
      assert.equal(fault.retryable, true);
    },
  },
  {
    name: 'a reader may come before the first writer',
    async run({ store }) {
      const reader = await store.reader(MODEL);
      const waiting = reader.waitFor(1, 10_000);
      const writer = await store.writer(MODEL);
      await writer.apply([put(1, 'Basic', 'a')], 1);
      await waiting;
      assert.deepEqual(await found(reader, 'Basic'), ['a']);
    },
  },
  {
    name: 'what is closed answers with a fault',
    async run({ store }) {
      const writer = await store.writer(MODEL);
      const reader = await store.reader(MODEL);
      await writer.close();
      await writer.close();
      await faults('stopping', () => writer.apply([], 1));
      await reader.close();
      await faults('stopping', () => reader.get('Basic', 'a'));
      await faults('stopping', () => reader.query({ type: 'Basic', limit: 1 }));
      await store.close();
      await faults('stopping', () => store.writer(MODEL));
      await faults('stopping', () => store.reader(MODEL));
    },
  },
];
