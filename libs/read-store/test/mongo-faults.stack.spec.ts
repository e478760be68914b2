import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import { openMongoReadStore } from '@anamnesis/read-store/mongo';
import { startMongo, type RunningMongo } from '@anamnesis/stack/engines';
import { put, text } from '../src/contract/samples.ts';
import { openMongo, type OpenedMongo } from './open-mongo.ts';

jest.setTimeout(300_000);

const CANARY = 'Zebulon Quill';

describe('a database of its own', () => {
  let engine: RunningMongo;
  let opened: OpenedMongo;

  beforeAll(async () => {
    engine = await startMongo({ log: () => undefined });
  });
  afterAll(() => engine.stop());
  beforeEach(async () => {
    opened = await openMongo({ url: engine.url, selectionTimeoutMs: 700 });
  });
  afterEach(() => opened.cleanup());

  it('killed while batches are applied loses none that was acknowledged, and is written on by itself', async () => {
    const writer = await opened.store.writer('clinical');
    const reader = await opened.store.reader('clinical');
    let faults = 0;
    let acknowledged = 0;
    const outage = (async () => {
      for (let round = 0; round < 2; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 700));
        await engine.kill();
        await new Promise((resolve) => setTimeout(resolve, 300));
        await engine.restart();
      }
      return 'over';
    })();
    let over = false;
    void outage.then(() => (over = true));
    for (let batch = 0; !over || batch < 20; batch += 1) {
      const operations = Array.from({ length: 10 }, (_, index) =>
        put(batch * 10 + index + 1, 'Basic', `b${batch}-${index}`),
      );
      for (;;) {
        try {
          await writer.apply(operations, batch * 10 + 10);
          break;
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          expect(error).toMatchObject({ code: 'store-unavailable', retryable: true });
          faults += 1;
        }
      }
      acknowledged += 10;
    }
    await outage;
    expect(faults).toBeGreaterThan(0);
    expect(await reader.progress()).toBe(acknowledged);
    expect(await reader.count({ type: 'Basic' })).toBe(acknowledged);
  });

  it('that does not answer is a fault of every call, and none when it answers again', async () => {
    const writer = await opened.store.writer('clinical');
    const reader = await opened.store.reader('clinical');
    await writer.apply([put(1, 'Basic', 'a')], 1);
    const unavailable = { code: 'store-unavailable', retryable: true };
    await engine.kill();
    await expect(reader.query({ type: 'Basic', limit: 1 })).rejects.toMatchObject(unavailable);
    await expect(reader.count({ type: 'Basic' })).rejects.toMatchObject(unavailable);
    await expect(reader.progress()).rejects.toMatchObject(unavailable);
    await expect(writer.apply([put(2, 'Basic', 'b')], 2)).rejects.toMatchObject(unavailable);
    await expect(writer.progress()).rejects.toMatchObject(unavailable);
    await expect(opened.store.build('clinical')).rejects.toMatchObject(unavailable);
    await expect(reader.waitFor(2, 50)).rejects.toMatchObject({ code: 'read-model-behind' });
    const late = opened.another();
    await expect(late.prepare()).rejects.toMatchObject(unavailable);
    await expect((await late.reader('clinical')).get('Basic', 'a')).rejects.toMatchObject(unavailable);
    const waiting = reader.waitFor(2, 60_000);
    await engine.restart();
    for (;;) {
      const applied = await writer.apply([put(2, 'Basic', 'b')], 2).then(
        () => true,
        () => false,
      );
      if (applied) break;
    }
    await waiting;
    expect(await (await late.reader('clinical')).get('Basic', 'b')).toBeDefined();
    expect(await reader.count({ type: 'Basic' })).toBe(2);
  });

  it('stopped in its tracks is told by the time that an operation may take', async () => {
    const store = opened.another({ socketTimeoutMs: 500 });
    const reader = await store.reader('clinical');
    const writer = await store.writer('clinical');
    await writer.apply([put(1, 'Basic', 'a')], 1);
    engine.pause();
    try {
      const query = reader.query({ type: 'Basic', limit: 1 });
      await expect(query).rejects.toMatchObject({ code: 'store-unavailable', retryable: true });
    } finally {
      engine.resume();
    }
    await reader.waitFor(1, 30_000);
  });
});

describe('what a caller is told', () => {
  let opened: OpenedMongo;
  beforeEach(async () => {
    opened = await openMongo();
  });
  afterEach(() => opened.cleanup());

  it('of a document that the database does not take says nothing of what is in it, and costs nothing else', async () => {
    const writer = await opened.store.writer('clinical');
    const body = `{"name":"${CANARY.repeat(1_300_000)}"}`;
    const entries = [text('family', CANARY)];
    const refused = await writer.apply([put(1, 'Patient', 'a', { body, entries })], 1).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(RangeError);
    expect(inspect(refused, { depth: 9, showHidden: true })).not.toContain(CANARY.slice(0, 7));
    await writer.apply([put(2, 'Patient', 'b')], 2);
    expect(await (await opened.store.reader('clinical')).count({ type: 'Patient' })).toBe(1);
  });

  it('of a query that takes too long is that it is to be narrowed', async () => {
    const store = opened.another({ queryBudgetMs: 1 });
    await (
      await opened.store.writer('clinical')
    ).apply(
      Array.from({ length: 500 }, (_, index) => put(index + 1, 'Basic', `b${index}`, { entries: [text('n', CANARY)] })),
      500,
    );
    const reader = await store.reader('clinical');
    const where = { param: 'n', string: { contains: 'nowhere' } };
    const refused = reader.query({ type: 'Basic', limit: 1, where });
    await expect(refused).rejects.toMatchObject({ code: 'overloaded', retryable: false });
  });

  it('of queries beyond the queue is that they may be asked again', async () => {
    const reader = await opened.another({ queryQueueLimit: 3 }).reader('clinical');
    await (await opened.store.writer('clinical')).apply([put(1, 'Basic', 'a')], 1);
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => reader.query({ type: 'Basic', limit: 1 })));
    expect(asked.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), ...Array(2).fill('rejected')]);
    expect(asked[4]).toMatchObject({ reason: { code: 'overloaded', retryable: true } });
    expect(await reader.count({ type: 'Basic' })).toBe(1);
  });

  it('of a page is that it has 1 to 1,000 documents', async () => {
    const reader = await opened.store.reader('clinical');
    await (await opened.store.writer('clinical')).apply([], 1);
    for (const limit of [0, -1, 1_001, 1.5, NaN]) {
      await expect(reader.query({ type: 'Basic', limit })).rejects.toThrow('1 to 1,000');
    }
  });

  it('of a generation of another version is that it is to be rebuilt', async () => {
    await (await opened.store.writer('clinical')).apply([put(1, 'Basic', 'a')], 1);
    const { createConnection } = await import('mongoose');
    const connection = await createConnection(process.env['ANAMNESIS_TEST_MONGODB']!, {
      dbName: opened.database,
    }).asPromise();
    const change = { $set: { 'generations.g1.layout': 0 } };
    await connection.db!.collection<{ _id: string }>('read_models').updateOne({ _id: 'clinical' }, change);
    await connection.close();
    const other = opened.another();
    const expected = { code: 'read-model-unavailable', message: expect.stringContaining('another version') };
    await expect((await other.reader('clinical')).get('Basic', 'a')).rejects.toMatchObject(expected);
    await expect(other.writer('clinical')).rejects.toMatchObject(expected);
    const build = await other.build('clinical');
    await build.apply([put(1, 'Basic', 'b')], 1);
    await other.swap('clinical');
    expect(await (await other.reader('clinical')).get('Basic', 'b')).toBeDefined();
  });

  it('of an address where nothing is', async () => {
    const store = openMongoReadStore({ url: 'mongodb://127.0.0.1:9/', database: 'x', selectionTimeoutMs: 300 });
    await expect(store.prepare()).rejects.toMatchObject({ code: 'store-unavailable', retryable: true });
    await store.close();
    await expect(store.reader('clinical')).rejects.toMatchObject({ code: 'stopping' });
  });
});
