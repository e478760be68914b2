import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import type { ReadModelReader, ReadModelWriter } from '@anamnesis/read-store';
import { put } from '../src/contract/samples.ts';
import { Database } from '../src/mongo/database.ts';
import { documentsAfter, LANES, operationAt } from './mongo-log.ts';
import { mongoUrl, openMongo, type OpenedMongo } from './open-mongo.ts';

jest.setTimeout(300_000);

describe('a rebuild', () => {
  let opened: OpenedMongo;
  beforeEach(async () => {
    opened = await openMongo({ graceMs: 1_000, swapTimeoutMs: 500 });
  });
  afterEach(() => opened.cleanup());

  async function stands(reader: ReadModelReader): Promise<Map<string, number>> {
    const page = await reader.query({ type: 'Basic', limit: 1_000, sort: [{ param: '_id', descending: false }] });
    return new Map(page.documents.map(({ id, position }) => [id, position]));
  }

  it('while two processes write loses nothing and takes nothing back', async () => {
    const UNTIL = 800;
    const heads = [0, 0];
    const path = fileURLToPath(new URL('./mongo-lane-process.ts', import.meta.url));
    const processes = LANES.map((_, lane) => {
      const one = fork(path, [mongoUrl(), opened.database, String(lane), String(UNTIL)]);
      one.on('message', (message: { appended?: number }) => (heads[lane] = message.appended ?? heads[lane]!));
      return one;
    });
    await Promise.all(processes.map((one) => once(one, 'message')));
    await opened.store.lanes('clinical', LANES);
    const ended = Promise.all(processes.map((one) => once(one, 'exit')));
    let running = true;
    void ended.then(() => (running = false));
    for (const one of processes) one.send('go');

    const reader = await opened.store.reader('clinical');
    let seen = 0;
    let rebuilds = 0;
    while (running) {
      const build = await opened.store.build('clinical');
      await loadAndSwap(build, () => Math.max(...heads));
      rebuilds += 1;
      const progress = await reader.progress();
      expect(progress).toBeGreaterThanOrEqual(seen);
      seen = progress;
    }
    expect(rebuilds).toBeGreaterThan(1);
    expect((await ended).map(([code]) => code)).toEqual([0, 0]);
    expect(await reader.progress()).toBe(UNTIL);
    const sorted = [...documentsAfter(UNTIL)].sort(([a], [b]) => (a < b ? -1 : 1));
    expect([...(await stands(reader))]).toEqual(sorted);
    expect(await reader.count({ type: 'Basic', where: { param: 't', token: { code: '3' } } })).toBe(
      sorted.filter(([, position]) => position % 5 === 3).length,
    );
  });

  /** Reads the log to where it is, and swaps; reads on when lanes have written more than that. */
  async function loadAndSwap(build: ReadModelWriter, head: () => number): Promise<void> {
    for (let loaded = 0; ;) {
      const through = head();
      const operations = Array.from({ length: through - loaded }, (_, index) => operationAt(loaded + index + 1));
      await build.apply(operations, through);
      loaded = through;
      try {
        return await opened.store.swap('clinical');
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'read-model-behind')) throw error;
      }
    }
  }

  it('that has not reached what was written before is not swapped in, and can be led on', async () => {
    const writer = await opened.another().writer('clinical', LANES[0]);
    await writer.apply([put(5, 'Basic', 'a')], 5);
    const build = await opened.store.build('clinical');
    await build.apply([put(4, 'Basic', 'b')], 4);
    await expect(opened.store.swap('clinical')).rejects.toMatchObject({ code: 'read-model-behind', retryable: true });
    await build.apply([put(5, 'Basic', 'a')], 5);
    await opened.store.swap('clinical');
    const reader = await opened.store.reader('clinical');
    expect(await stands(reader)).toEqual(
      new Map([
        ['a', 5],
        ['b', 4],
      ]),
    );
    await writer.apply([put(6, 'Basic', 'c')], 6);
    expect(await reader.get('Basic', 'c')).toBeDefined();
  });

  it('is joined by a lane that has nothing to write', async () => {
    const writer = await opened.another().writer('clinical', LANES[0]);
    const build = await opened.store.build('clinical');
    await build.apply([put(4, 'Basic', 'b')], 4);
    await writer.apply([put(9, 'Basic', 'late')], 9);
    await opened.store.swap('clinical');
    const reader = await opened.store.reader('clinical');
    expect(await reader.get('Basic', 'late')).toBeDefined();
    expect(await reader.progress()).toBe(9);
  });

  it('in one store is not begun in another, until the first has been silent', async () => {
    const build = await opened.store.build('clinical');
    const other = opened.another();
    await expect(other.build('clinical')).rejects.toMatchObject({ code: 'store-in-use' });
    await build.close();
    await (await other.build('clinical')).close();
  });

  it('leaves no collection behind, and readers elsewhere follow', async () => {
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(1, 'Basic', 'a')], 1);
    const elsewhere = await opened.another().reader('clinical');
    expect(await elsewhere.get('Basic', 'a')).toBeDefined();
    const build = await opened.store.build('clinical');
    await build.apply([put(1, 'Basic', 'a'), put(2, 'Basic', 'b')], 2);
    await opened.store.swap('clinical');
    await elsewhere.waitFor(2, 10_000);
    expect(await elsewhere.get('Basic', 'b')).toBeDefined();
    const database = new Database({ url: mongoUrl(), database: opened.database });
    const connection = await database.connection();
    const names = async () => (await connection.db!.listCollections().toArray()).map(({ name }) => name);
    while ((await names()).includes('clinical_g1')) await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await names()).filter((name) => name.startsWith('clinical_'))).toEqual(['clinical_g2']);
    await database.close();
  });
});
