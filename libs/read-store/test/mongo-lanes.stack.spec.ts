import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openMongoReadStore } from '@anamnesis/read-store/mongo';
import { put, purge, remove } from '../src/contract/samples.ts';
import { mongoUrl, openMongo, type OpenedMongo } from './open-mongo.ts';

jest.setTimeout(120_000);

describe('lanes', () => {
  let opened: OpenedMongo;
  beforeEach(async () => {
    opened = await openMongo();
  });
  afterEach(() => opened.cleanup());

  const lane = (name: string) => opened.store.writer('clinical', `anamnesis.patients/${name}`);

  it('the model has come as far as the last of its lanes', async () => {
    const [first, second] = [await lane('0'), await lane('1')];
    const reader = await opened.store.reader('clinical');
    await first.apply([put(5, 'Basic', 'a')], 5);
    expect(await reader.progress()).toBe(0);
    await second.apply([], 3);
    expect(await reader.progress()).toBe(3);
    expect([await first.progress(), await second.progress()]).toEqual([5, 3]);
    await second.apply([], 9);
    expect(await reader.progress()).toBe(5);
  });

  it('a lane that is declared and was never heard of holds the model at 0', async () => {
    await opened.store.lanes('clinical', ['anamnesis.patients/0', 'anamnesis.patients/1']);
    const first = await lane('0');
    await first.apply([put(5, 'Basic', 'a')], 5);
    const reader = await opened.store.reader('clinical');
    expect(await reader.progress()).toBe(0);
    await opened.store.lanes('clinical', ['anamnesis.patients/0']);
    expect(await reader.progress()).toBe(5);
  });

  it('a lane goes on where it was left, in another store', async () => {
    const first = await lane('0');
    await first.apply([], 7);
    await first.close();
    const again = await opened.another().writer('clinical', 'anamnesis.patients/0');
    expect(await again.progress()).toBe(7);
    await again.apply([], 6);
    expect(await again.progress()).toBe(7);
  });

  it('has one writer a lane in one store; lanes are apart', async () => {
    const first = await lane('0');
    await expect(lane('0')).rejects.toMatchObject({ code: 'store-in-use' });
    await (await lane('1')).close();
    await first.close();
    await (await lane('0')).close();
  });

  it('a reader elsewhere waits for the last lane', async () => {
    const [first, second] = [await lane('0'), await lane('1')];
    const reader = await opened.another().reader('clinical');
    await first.apply([put(5, 'Basic', 'a')], 5);
    await expect(reader.waitFor(5, 20)).rejects.toMatchObject({ code: 'read-model-behind', retryable: true });
    const waiting = [reader.waitFor(4, 20_000), reader.waitFor(5, 20_000)];
    await second.apply([put(6, 'Basic', 'b')], 6);
    await Promise.all(waiting);
    expect(await reader.get('Basic', 'b')).toBeDefined();
  });

  it('an erasure in one lane holds for what another lane brings late', async () => {
    const [first, second] = [await lane('0'), await opened.another().writer('clinical', 'anamnesis.orders/0')];
    await first.apply([put(1, 'Patient', 'a', { subject: 's' }), purge(9, 's')], 9);
    await second.apply([put(4, 'Order', 'late', { subject: 's' }), put(12, 'Order', 'after', { subject: 's' })], 12);
    const reader = await opened.store.reader('clinical');
    expect(await reader.get('Order', 'late')).toBeUndefined();
    expect(await reader.get('Order', 'after')).toBeDefined();
  });

  it('nothing of an erased document stays, nor of one that was removed before', async () => {
    const writer = await lane('0');
    const body = '{"canary":"Zebulon"}';
    await writer.apply(
      [
        put(1, 'Patient', 'known-by-name', { subject: 's', body }),
        put(2, 'Basic', 'gone-by-name', { subject: 's', body }),
        remove(3, 'Basic', 'gone-by-name'),
        purge(4, 's'),
      ],
      4,
    );
    const { createConnection } = await import('mongoose');
    const connection = await createConnection(mongoUrl(), { dbName: opened.database }).asPromise();
    const everything: unknown[] = [];
    for (const { name } of await connection.db!.listCollections().toArray()) {
      everything.push(...(await connection.db!.collection(name).find().toArray()));
    }
    await connection.close();
    expect(JSON.stringify(everything)).not.toMatch(/Zebulon|by-name/);
    expect(everything.length).toBeGreaterThan(2);
  });
});

describe('a database that is not prepared', () => {
  it('says so, until it is', async () => {
    const opened = await openMongo();
    const bare = openMongoReadStore({ url: mongoUrl(), database: `${opened.database}-bare` });
    try {
      const expected = {
        code: 'read-model-unavailable',
        retryable: false,
        message: expect.stringContaining('prepare'),
      };
      await expect(bare.writer('clinical')).rejects.toMatchObject(expected);
      await expect(bare.build('clinical')).rejects.toMatchObject(expected);
      await expect((await bare.reader('clinical')).get('Basic', 'a')).rejects.toMatchObject(expected);
      await bare.prepare();
      const writer = await bare.writer('clinical');
      await writer.apply([put(1, 'Basic', 'a')], 1);
      await bare.prepare();
      expect(await (await bare.reader('clinical')).count({ type: 'Basic' })).toBe(1);
    } finally {
      await bare.close();
      const { dropDatabase } = await import('./open-mongo.ts');
      await dropDatabase(mongoUrl(), `${opened.database}-bare`);
      await opened.cleanup();
    }
  });

  it('takes no model by a name that could be another collection', async () => {
    const opened = await openMongo();
    for (const name of ['', 'A', 'a.b', '$a', '#layout', 'x'.repeat(65)]) {
      await expect(opened.store.writer(name)).rejects.toThrow(TypeError);
    }
    await opened.cleanup();
  });
});
