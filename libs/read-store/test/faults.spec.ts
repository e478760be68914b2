import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Operation } from '@anamnesis/read-store';
import { openReadStore } from '@anamnesis/read-store/embedded';
import { openEmbedded, type OpenedEmbedded } from './open-embedded.ts';

const put = (position: number, id: string, size = 10): Operation => ({
  put: {
    type: 'Basic',
    id,
    body: JSON.stringify('x'.repeat(size)),
    lastUpdated: 1,
    entries: [
      { kind: 'string', param: 'n', value: `N${id}`, normalised: `n${id}` },
      { kind: 'token', param: 't', system: '', code: '1' },
    ],
  },
  position,
});

describe('a read model that cannot be read', () => {
  let opened: OpenedEmbedded;
  beforeEach(async () => {
    opened = await openEmbedded();
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(1, 'a')], 1);
    await writer.close();
  });
  afterEach(() => opened.cleanup());

  const file = (name: string) => join(opened.folder, name);

  async function needsRebuild(): Promise<void> {
    const expected = {
      code: 'read-model-unavailable',
      retryable: false,
      message: expect.stringContaining('anamnesis rebuild'),
    };
    const reader = await opened.store.reader('clinical');
    await expect(reader.get('Basic', 'a')).rejects.toMatchObject(expected);
    await expect(reader.query({ type: 'Basic', limit: 1 })).rejects.toMatchObject(expected);
    await expect(reader.progress()).rejects.toMatchObject(expected);
    await expect(reader.waitFor(1, 1_000).then(() => reader.progress())).rejects.toMatchObject(expected);
    await expect(opened.store.writer('clinical')).rejects.toMatchObject(expected);
  }

  async function isRebuilt(): Promise<void> {
    const build = await opened.store.build('clinical');
    await build.apply([put(1, 'b')], 1);
    await opened.store.swap('clinical');
    const reader = await opened.store.reader('clinical');
    expect(await reader.get('Basic', 'b')).toBeDefined();
  }

  it('says so when its file is missing, and can be rebuilt', async () => {
    await rm(file('clinical-1.sqlite'));
    await needsRebuild();
    await isRebuilt();
  });

  it('says so when its file is something else', async () => {
    await writeFile(
      file('clinical-1.sqlite'),
      'not a database at all, but long enough to be taken for one '.repeat(20),
    );
    await needsRebuild();
    await isRebuilt();
  });

  it('says so when its file is a database of another kind', async () => {
    await rm(file('clinical-1.sqlite'));
    const other = new DatabaseSync(file('clinical-1.sqlite'));
    other.exec('CREATE TABLE docs (a)');
    other.close();
    await needsRebuild();
    await isRebuilt();
  });

  it('says so when another version made it', async () => {
    const db = new DatabaseSync(file('clinical-1.sqlite'));
    db.exec('PRAGMA user_version = 999');
    db.close();
    await needsRebuild();
    await isRebuilt();
  });

  it('says so when its pages are overwritten', async () => {
    const bytes = await readFile(file('clinical-1.sqlite'));
    bytes.fill(0x5a, 8_192);
    await writeFile(file('clinical-1.sqlite'), bytes);
    const reader = await opened.store.reader('clinical');
    await expect(reader.get('Basic', 'a')).rejects.toMatchObject({ code: 'read-model-unavailable' });
    await isRebuilt();
  });

  it('says so when the pointer is damaged', async () => {
    await writeFile(file('clinical.json'), '{"generation":');
    await needsRebuild();
    await isRebuilt();
  });

  it('is not there before it is first written, which may pass', async () => {
    const reader = await opened.store.reader('another');
    await expect(reader.get('Basic', 'a')).rejects.toMatchObject({ code: 'read-model-unavailable', retryable: true });
    await expect(reader.query({ type: 'Basic', limit: 1 })).rejects.toMatchObject({ retryable: true });
  });

  it('is not made from a name that leaves the folder', async () => {
    for (const name of ['../etc', 'a/b', '', 'A', 'x'.repeat(65)]) {
      await expect(opened.store.writer(name)).rejects.toThrow(TypeError);
    }
  });
});

describe('limits', () => {
  let opened: OpenedEmbedded;
  afterEach(() => opened.cleanup());

  it('a full file refuses what does not fit, whole, and serves and takes what does', async () => {
    opened = await openEmbedded({ maxBytes: 512 * 1024 });
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(1, 'a')], 1);
    const large = Array.from({ length: 40 }, (_, index) => put(2 + index, `b${index}`, 40_000));
    await expect(writer.apply(large, 41)).rejects.toMatchObject({ code: 'store-full', retryable: false });
    expect(await writer.progress()).toBe(1);
    await writer.apply([put(50, 'c')], 50);
    const reader = await opened.store.reader('clinical');
    expect(await reader.get('Basic', 'b0')).toBeUndefined();
    expect(await reader.count({ type: 'Basic' })).toBe(2);
  });

  it('a full build ends, and the live generation stays', async () => {
    opened = await openEmbedded({ maxBytes: 512 * 1024 });
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(1, 'a')], 1);
    const build = await opened.store.build('clinical');
    await build.apply(
      Array.from({ length: 40 }, (_, index) => put(2 + index, `b${index}`, 40_000)),
      41,
    );
    await expect(opened.store.swap('clinical')).rejects.toMatchObject({ code: 'store-full' });
    const reader = await opened.store.reader('clinical');
    expect(await reader.get('Basic', 'a')).toBeDefined();
    expect((await readdir(opened.folder)).filter((name) => name.endsWith('.sqlite'))).toEqual(['clinical-1.sqlite']);
  });

  it('a query that takes too long is stopped, and the next one answered', async () => {
    opened = await openEmbedded({ queryBudgetMs: 1 });
    const writer = await opened.store.writer('clinical');
    await writer.apply(
      Array.from({ length: 6_000 }, (_, index) => put(1 + index, `b${index}`)),
      6_000,
    );
    const reader = await opened.store.reader('clinical');
    const where = {
      all: Array.from({ length: 60 }, (_, index) => ({ param: 'n', string: { contains: `${index}zz` } })),
    };
    const slow = { type: 'Basic', limit: 1, where: { not: { all: [{ not: { any: where.all } }] } } } as const;
    await expect(reader.query(slow)).rejects.toMatchObject({ code: 'overloaded', retryable: false });
    expect((await reader.query({ type: 'Basic', limit: 1 })).documents).toHaveLength(1);
  });

  it('queries beyond the queue are turned away at once', async () => {
    opened = await openEmbedded({ queryQueueLimit: 3 });
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(1, 'a')], 1);
    const reader = await opened.store.reader('clinical');
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => reader.query({ type: 'Basic', limit: 1 })));
    expect(Array.from(asked, ({ status }) => status)).toEqual([
      ...Array(3).fill('fulfilled'),
      ...Array(2).fill('rejected'),
    ]);
    expect(asked[4]).toMatchObject({ reason: { code: 'overloaded', retryable: true } });
    expect(await reader.count({ type: 'Basic' })).toBe(1);
  });

  it('several query threads share the work', async () => {
    opened = await openEmbedded({ queryThreads: 2 });
    const writer = await opened.store.writer('clinical');
    await writer.apply([put(1, 'a')], 1);
    const reader = await opened.store.reader('clinical');
    const pages = await Promise.all(Array.from({ length: 20 }, () => reader.query({ type: 'Basic', limit: 1 })));
    expect(Array.from(pages, ({ documents }) => documents.length)).toEqual(Array(20).fill(1));
  });

  it('a page has 1 to 1,000 documents', async () => {
    opened = await openEmbedded();
    const reader = await opened.store.reader('clinical');
    await (await opened.store.writer('clinical')).apply([], 1);
    for (const limit of [0, -1, 1_001, 1.5, NaN]) {
      await expect(reader.query({ type: 'Basic', limit })).rejects.toThrow('1 to 1,000');
    }
  });
});

describe('several stores on one folder', () => {
  let opened: OpenedEmbedded;
  beforeEach(async () => {
    opened = await openEmbedded();
  });
  afterEach(() => opened.cleanup());

  it('learn of progress and swaps at once with one board, and from the files without', async () => {
    const { folder, store } = opened;
    const sharing = openReadStore({ folder, board: store.board });
    const apart = openReadStore({ folder });
    const writer = await sharing.writer('clinical');
    const readers = [await store.reader('clinical'), await apart.reader('clinical')];
    const waiting = readers.map((reader) => reader.waitFor(1, 10_000));
    await writer.apply([put(1, 'a')], 1);
    await Promise.all(waiting);
    const build = await sharing.build('clinical');
    await build.apply([put(1, 'a'), put(2, 'b')], 2);
    await writer.close();
    await sharing.swap('clinical');
    expect(await readers[0]!.get('Basic', 'b')).toBeDefined();
    await readers[1]!.waitFor(2, 10_000);
    expect(await readers[1]!.get('Basic', 'b')).toBeDefined();
    await sharing.close();
    await apart.close();
  });

  it('keep one writer between them, until its thread has gone', async () => {
    const other = openReadStore({ folder: opened.folder });
    const writer = await opened.store.writer('clinical');
    await expect(other.writer('clinical')).rejects.toMatchObject({ code: 'store-in-use' });
    const build = await other.build('clinical');
    await build.apply([put(1, 'a')], 1);
    await expect(other.swap('clinical')).rejects.toMatchObject({ code: 'store-in-use' });
    await writer.close();
    await other.swap('clinical');
    await (await other.writer('clinical')).close();
    await other.close();
  });

  it('take over from a thread that died in the middle of it', async () => {
    const worker = new Worker(new URL('./dying-writer.ts', import.meta.url), { workerData: opened.folder });
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    const writer = await opened.store.writer('clinical');
    expect(await writer.progress()).toBe(1);
    await (await opened.store.build('clinical')).close();
    expect((await readdir(opened.folder)).filter((name) => name.endsWith('.sqlite'))).toEqual(['clinical-1.sqlite']);
  });
});
