import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Operation, ReadModelReader } from '@anamnesis/read-store';
import { put, remove } from '../src/contract/samples.ts';
import { openMongo, type OpenedMongo } from './open-mongo.ts';

jest.setTimeout(300_000);
const SEED = 20_261_123;

/** Half of them puts and removals of few documents, so that many meet. */
const history: readonly Operation[] = Array.from({ length: 240 }, (_, index) => {
  const id = `d${(index * 11) % 17}`;
  return index % 9 === 8 ? remove(index + 1, 'Basic', id) : put(index + 1, 'Basic', id);
});

describe('operations that come stale, twice, out of order, from two sides at once', () => {
  let opened: OpenedMongo;
  beforeEach(async () => {
    opened = await openMongo();
  });
  afterEach(() => opened.cleanup());

  const stands = async (reader: ReadModelReader) =>
    (await reader.query({ type: 'Basic', limit: 100 })).documents.map(({ id, position }) => [id, position]);

  it('leave what the same operations in order leave', async () => {
    const reference = await opened.store.writer('reference');
    for (let from = 0; from < history.length; from += 40) {
      await reference.apply(history.slice(from, from + 40), from + 40);
    }
    const expected = await stands(await opened.store.reader('reference'));
    const shuffles = fc.sample(fc.shuffledSubarray([...history], { minLength: history.length }), {
      seed: SEED,
      numRuns: 2,
    });
    const stores = [opened.store, opened.another()];
    await Promise.all(
      shuffles.map(async (operations, side) => {
        const writer = await stores[side]!.writer('clinical', `lane-${side}`);
        for (let from = 0; from < operations.length; from += 30) {
          const batch = operations.slice(from, from + 30);
          await writer.apply(batch, from + 30);
          if (from % 60 === 0) await writer.apply(batch, from + 30);
        }
      }),
    );
    const reader = await opened.store.reader('clinical');
    expect(new Map((await stands(reader)) as [string, number][])).toEqual(new Map(expected as [string, number][]));
    expect(expected.length).toBeGreaterThan(5);
  });

  it('keep the place of what came first, whichever came last', async () => {
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(10, 'Basic', 'b'), put(20, 'Basic', 'a')], 20);
    await writer.apply([put(5, 'Basic', 'a')], 20);
    const reader = await opened.store.reader('clinical');
    expect(await stands(reader)).toEqual([
      ['a', 20],
      ['b', 10],
    ]);
  });

  it('insert one document once, and the newest wins the race', async () => {
    const sides = [await opened.store.writer('clinical', '0'), await opened.another().writer('clinical', '1')];
    const ids = Array.from({ length: 60 }, (_, index) => `r${index}`);
    await Promise.all(
      sides.map((writer, side) =>
        writer.apply(
          ids.map((id, index) => put(100 + 2 * index + ((index + side) % 2), 'Basic', id)),
          1_000,
        ),
      ),
    );
    const reader = await opened.store.reader('clinical');
    const expected = ids.map((_, index) => 101 + 2 * index);
    expect((await stands(reader)).map(([, position]) => position)).toEqual(expected);
  });
});
