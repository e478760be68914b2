import { describe, expect, it } from '@jest/globals';
import { newId } from '@anamnesis/kernel';
import { AnyAppends } from '../../src/eventstoredb/any-appends.ts';
import type { AppendResult, StreamWrite } from '../../src/port.ts';
import { EventStoreDb } from '../../src/eventstoredb/event-store-db.ts';
import { TestServer } from './open-event-store-db.ts';

const write = (stream = 'access-1', bytes = 10): StreamWrite => ({
  stream,
  expected: 'any',
  events: [{ id: newId(), type: 'RecordRead', schema: 1, meta: '{}', data: new Uint8Array(bytes) }],
});
const result = (position: number): AppendResult => ({ ok: true, position, revisions: [position], recordedAt: 1 });

/** Counts what goes together and what alone; `together` answers as told. */
function open(together: (writes: readonly StreamWrite[]) => readonly AppendResult[] | undefined) {
  const sizes: number[] = [];
  let alone = 0;
  const appends = new AnyAppends({
    alone: async () => {
      await Promise.resolve();
      return result((alone += 1));
    },
    together: async (writes) => {
      sizes.push(writes.length);
      await Promise.resolve();
      return together(writes);
    },
  });
  return { appends, sizes, alone: () => alone };
}

describe('appends that take any revision', () => {
  it('go together when they come while another is under way, each with its own result', async () => {
    const { appends, sizes, alone } = open((writes) => writes.map((_, i) => result(100 + i)));
    const results = await Promise.all([1, 2, 3, 4].map(() => appends.append(write())));
    expect(results.map((one) => one.ok && one.position)).toEqual([1, 100, 101, 102]);
    expect(sizes).toEqual([3]);
    expect(alone()).toBe(1);
    expect(await appends.append(write())).toMatchObject({ position: 2 });
  });

  it('go together only within a stream, and only so many bytes', async () => {
    const { appends, sizes } = open((writes) => writes.map((_, i) => result(i)));
    await Promise.all([appends.append(write('access-1')), appends.append(write('access-2'))]);
    expect(sizes).toEqual([]);
    await Promise.all(Array.from({ length: 6 }, () => appends.append(write('access-1', 100 * 1024))));
    expect(sizes).toEqual([2, 2]);
  });

  it('go alone where nothing can be said of each', async () => {
    const { appends, alone } = open(() => undefined);
    await Promise.all([1, 2, 3].map(() => appends.append(write())));
    expect(alone()).toBe(3);
  });

  it('end as their append ends, and the next ones go on', async () => {
    const { appends } = open(() => {
      throw new Error('away');
    });
    const ends = await Promise.allSettled([1, 2, 3].map(() => appends.append(write())));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await appends.append(write())).toMatchObject({ ok: true });
  });

  it('are in the store once each, at the position and revision that each was told', async () => {
    const server = await TestServer.start();
    const store = await EventStoreDb.open({ connectionString: server.url });
    try {
      const writes = Array.from({ length: 60 }, () => write());
      const results = await Promise.all(writes.map((one) => store.append(one)));
      const told = results.map((one) => (one.ok ? one : undefined)!);
      const stored = await store.readPositions(told.map(({ position }) => position));
      expect(stored.map(({ id }) => id)).toEqual(writes.map(({ events }) => events[0]!.id));
      expect(stored.map(({ revision }) => revision)).toEqual(told.map(({ revisions }) => revisions[0]));
      expect(stored.map(({ recordedAt }) => recordedAt)).toEqual(told.map(({ recordedAt }) => recordedAt));
      expect(await store.readStream('access-1')).toHaveLength(60);
    } finally {
      await store.close();
      await server.remove();
    }
  });
});
