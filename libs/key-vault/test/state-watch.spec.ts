import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { StateDocument } from '../src/mongo/schema.ts';
import { StateWatch } from '../src/mongo/state-watch.ts';
import { afterwards } from './temporary.ts';

const state = (destructions: number, recent: readonly string[] = []): StateDocument => ({
  _id: 'vault',
  format: 1,
  destructions,
  recent,
  kek: 1,
});
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const ALL = 'all';

async function watching(read: () => Promise<StateDocument>, boundMs: number, database = randomUUID()) {
  const dropped: string[] = [];
  const watch = await StateWatch.start({
    database: { url: 'mongodb://test', database },
    boundMs,
    read,
    destroyed: (subject) => dropped.push(subject ?? ALL),
  });
  afterwards(async () => watch.stop());
  return { watch, dropped };
}

describe('what is known of the vault’s state', () => {
  it('drops just the subjects that were destroyed since', async () => {
    let now = state(3, ['a', 'b', 'c']);
    const { watch, dropped } = await watching(async () => now, 60_000);
    await watch.refresh();
    expect(dropped).toEqual([]);
    now = state(5, ['a', 'b', 'c', 'd', 'e']);
    await watch.refresh();
    expect(dropped).toEqual(['d', 'e']);
  });

  it('drops everything when more were destroyed than are named, or when the count fell back', async () => {
    let now = state(3, ['c']);
    const { watch, dropped } = await watching(async () => now, 60_000);
    now = state(6, ['e', 'f']);
    await watch.refresh();
    expect(dropped).toEqual([ALL]);
    now = state(2, ['b']);
    await watch.refresh();
    expect(dropped).toEqual([ALL, ALL]);
    now = state(3, ['b', 'x']);
    await watch.refresh();
    expect(dropped).toEqual([ALL, ALL, 'x']);
  });

  it('is not turned back by an answer that was overtaken', async () => {
    const { watch, dropped } = await watching(async () => state(1, ['a']), 60_000);
    const before = performance.now();
    await pause(2);
    watch.learn(state(3, ['a', 'b', 'c']), performance.now());
    watch.learn(state(2, ['a', 'b']), before);
    watch.learn(state(3, ['a', 'b', 'c']), performance.now());
    expect(dropped).toEqual(['b', 'c']);
  });

  it('changes its generation with every destruction and with nothing else', async () => {
    const { watch } = await watching(async () => state(1, ['a']), 60_000);
    const { generation } = watch;
    await watch.refresh();
    expect(watch.generation).toBe(generation);
    watch.drop('a');
    expect(watch.generation).not.toBe(generation);
  });

  it('is read again and again by itself', async () => {
    let destroyed = 0;
    const { dropped } = await watching(async () => state(destroyed, ['z']), 40);
    destroyed = 1;
    while (dropped.length === 0) await pause(5);
    expect(dropped).toEqual(['z']);
  });

  it('is fresh no longer than the bound after the last read that was answered, and fresh again after the next', async () => {
    let answers = true;
    const { watch } = await watching(async () => {
      if (!answers) throw new Error('no answer');
      return state(0);
    }, 60);
    expect(watch.fresh).toBe(true);
    answers = false;
    while (watch.fresh) await pause(5);
    answers = true;
    while (!watch.fresh) await pause(5);
    await expect(watch.refresh()).resolves.toMatchObject({ destructions: 0 });
  });

  it('counts from the begin of a read: a slow answer is old when it comes', async () => {
    const { watch } = await watching(async () => {
      await pause(80);
      return state(0);
    }, 50);
    expect(watch.fresh).toBe(false);
  });

  it('is shared by all of this thread that watch the same vault, and by no others', async () => {
    const database = randomUUID();
    const one = await watching(async () => state(0), 60_000, database);
    const two = await watching(async () => state(0), 60_000, database);
    const other = await watching(async () => state(0), 60_000);
    one.watch.learn(state(1, ['a']), performance.now());
    two.watch.stop();
    one.watch.learn(state(2, ['a', 'b']), performance.now());
    expect([one.dropped, two.dropped, other.dropped]).toEqual([['a', 'b'], ['a'], []]);
    expect(two.watch.fresh).toBe(false);
  });
});
