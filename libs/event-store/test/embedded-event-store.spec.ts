import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { decodeStored } from '@anamnesis/event-store';
import { samples, streamOf, until } from '@anamnesis/event-store/contract';
import { EmbeddedEventStore, openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { temporaryFolder } from './open-embedded.ts';
import { output, runProcess } from './run-process.ts';

let folder: string;
let open: EmbeddedEventStore[];

beforeEach(async () => {
  folder = await temporaryFolder();
  open = [];
});
afterEach(async () => {
  for (const store of open) await store.close();
  await rm(folder, { recursive: true });
});

async function openStore(options: { queuedEvents?: number; limitBytes?: number } = {}): Promise<EmbeddedEventStore> {
  const store = await EmbeddedEventStore.open({ folder, ...options });
  open.push(store);
  return store;
}

async function fill(store: EmbeddedEventStore, streams: number, events = 1, bytes = 50): Promise<void> {
  const data = new Uint8Array(bytes);
  const writes = Array.from({ length: streams }, () => ({
    stream: streamOf(),
    expected: 'none' as const,
    events: samples(events).map((event) => ({ ...event, data })),
  }));
  for (const write of writes) expect(await store.append(write)).toMatchObject({ ok: true });
}

function code(expected: string): Error {
  return expect.objectContaining({ code: expected }) as unknown as Error;
}

describe('the folder of an embedded event store', () => {
  it('is made, closed to others, and left without leftovers', async () => {
    const store = await EmbeddedEventStore.open({ folder: join(folder, 'a', 'b') });
    await fill(store, 1);
    expect((await stat(join(folder, 'a', 'b', 'log.sqlite-wal'))).mode & 0o777).toBe(0o600);
    await store.close();
    expect((await readdir(join(folder, 'a', 'b'))).toSorted()).toEqual(['log.lock', 'log.sqlite']);
    expect((await stat(join(folder, 'a', 'b', 'log.sqlite'))).mode & 0o777).toBe(0o600);
  });

  it('has one owner, who lets go when it closes', async () => {
    const store = await openStore();
    await expect(EmbeddedEventStore.open({ folder })).rejects.toThrow(code('store-in-use'));
    await expect(EmbeddedEventStore.open({ folder })).rejects.toThrow('Stop it first');
    await store.close();
    await fill(await openStore(), 1);
  });

  it('has one owner among processes too, until that one is killed', async () => {
    const child = runProcess('./writing-process.ts', folder);
    const ended = output(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await expect(EmbeddedEventStore.open({ folder })).rejects.toThrow(code('store-in-use'));
    child.kill('SIGKILL');
    await ended;
    await fill(await openStore(), 1);
  });

  it('that cannot be written to is refused with a clear message, and can still be read', async () => {
    await fill(await openStore(), 3);
    await open[0]!.close();
    await chmod(folder, 0o555);
    await chmod(join(folder, 'log.sqlite'), 0o444);
    await chmod(join(folder, 'log.lock'), 0o444);
    await withoutPrivileges(async () => {
      await expect(EmbeddedEventStore.open({ folder })).rejects.toThrow(code('store-read-only'));
      const reader = openEmbeddedReader({ folder });
      expect(reader.readAllSync()).toHaveLength(3);
      await reader.close();
    });
    await chmod(folder, 0o755);
  });

  it('without a log has nothing to read', () => {
    expect(() => openEmbeddedReader({ folder })).toThrow(code('store-unavailable'));
  });
});

describe('an embedded event store', () => {
  it('refuses appends over its bounded queue, and takes them again afterwards', async () => {
    const store = await openStore({ queuedEvents: 10 });
    const write = () => ({ stream: streamOf(), expected: 'none' as const, events: samples(4) });
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(() => store.append(write())));
    expect(results.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), ...Array(2).fill('rejected')]);
    expect(results[4]).toMatchObject({ reason: { code: 'overloaded', retryable: true } });
    expect(await store.append(write())).toMatchObject({ ok: true, position: 16 });
  });

  it('says that it is full, keeps what it has, and still reads', async () => {
    const store = await openStore({ limitBytes: 512 * 1024 });
    await fill(store, 20, 1, 1_000);
    const large = { stream: streamOf(), expected: 'none' as const, events: samples(1) };
    const data = new Uint8Array(1024 * 1024);
    await expect(store.append({ ...large, events: [{ ...large.events[0]!, data }] })).rejects.toThrow(
      code('store-full'),
    );
    expect(await store.readStream(large.stream)).toEqual([]);
    expect(await store.append(large)).toMatchObject({ ok: true, position: 21, revisions: [0] });
  });

  it('whose writer ends by itself rejects what is under way, and can be closed and opened again', async () => {
    const lines = (await output(runProcess('./writer-loss-process.ts', folder))).trim().split('\n');
    expect(lines).toEqual(['true', 'store-unavailable', 'store-unavailable', '1', 'true']);
  });

  it('keeps its write-ahead log short', async () => {
    const store = await openStore();
    for (let i = 0; i < 12; i++) await fill(store, 1, 100, 50_000);
    expect((await stat(join(folder, 'log.sqlite-wal'))).size).toBeLessThan(40 * 1024 * 1024);
    expect(await store.head()).toBe(1_200);
  });

  it('gives the exact bytes that it hashes', async () => {
    const store = await openStore();
    await fill(store, 5, 2);
    const raw = store.readRawSync(3, 4);
    expect(raw.map(({ position }) => position)).toEqual([4, 5, 6, 7]);
    expect(raw.map(({ bytes, position }) => decodeStored(bytes, position))).toEqual(
      await store.readAll({ from: 3, limit: 4 }),
    );
  });

  it('reads events by their positions, in the order asked for', async () => {
    const store = await openStore();
    await fill(store, 5);
    const all = await store.readAll();
    expect(await store.readPositions([4, 1, 99, 0, 4])).toEqual([all[3], all[0], all[3]]);
    expect(await store.readPositions([])).toEqual([]);
    await expect(store.readPositions(Array<number>(10_001).fill(1))).rejects.toBeInstanceOf(RangeError);
  });

  it('is followed from another thread, which hears of commits by the shared head', async () => {
    const store = await openStore();
    const workerData = { folder, head: store.headSignal, until: 30 };
    const worker = new Worker(new URL('./reader-thread.ts', import.meta.url), { workerData });
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    const told: string[] = [];
    worker.on('message', (text: string) => told.push(text));
    await until(() => told[0] === 'ready');
    await fill(store, 10, 3);
    await until(() => told.length > 1);
    expect(told[1]).toBe((await store.readAll()).map(({ id }) => id).join());
    await exited;
  });

  it('is followed from another process', async () => {
    const store = await openStore();
    const child = runProcess('./reader-thread.ts', JSON.stringify({ folder, until: 30 }));
    const told = output(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await fill(store, 10, 3);
    expect((await told).trim().split('\n')).toEqual(['ready', (await store.readAll()).map(({ id }) => id).join()]);
  });

  it('is read after its owner has gone, by a reader that polls', async () => {
    await fill(await openStore(), 4);
    await open[0]!.close();
    const reader = openEmbeddedReader({ folder, pollMs: 5 });
    expect(await reader.head()).toBe(4);
    const seen: number[] = [];
    const subscription = reader.subscribe(
      { from: 2 },
      async (batch) => void seen.push(...batch.map((e) => e.position)),
    );
    await until(() => seen.length === 2);
    await fill(await openStore(), 1);
    await until(() => seen.length === 3);
    await subscription.stop();
    await reader.close();
    expect(() => reader.headSync()).toThrow(code('stopping'));
  });
});

describe('a damaged log', () => {
  /** Makes a log of ten streams, closes it, and changes it behind the store's back. */
  async function change(sql: string): Promise<void> {
    const store = await openStore();
    await fill(store, 10, 2);
    await store.close();
    const database = new DatabaseSync(join(folder, 'log.sqlite'));
    database.exec(sql);
    database.close();
  }

  it.each([
    ['an event is missing at the end', 'DELETE FROM events WHERE position = 20', 20],
    ['an event is missing before the end', 'DELETE FROM events WHERE position = 12', 12],
    ['the first event is missing', 'DELETE FROM events WHERE position = 1', 1],
    ['a revision is another than the bytes say', 'UPDATE events SET revision = 7 WHERE position = 14', 14],
    ['an event is cut', 'UPDATE events SET bytes = substr(bytes, 1, 40) WHERE position = 9', 9],
    ['a name leads to another stream', 'UPDATE streams SET id = 99 WHERE id = 3', 5],
    ['the stamps are behind', 'DELETE FROM stamps', 1],
  ])('is refused with the first bad position: %s', async (_, sql, position) => {
    await change(sql);
    await expect(openStore()).rejects.toMatchObject({ code: 'store-corrupt', position });
  });

  it('is refused when it is no log at all', async () => {
    await writeFile(join(folder, 'log.sqlite'), 'not a database, and longer than a header would be '.repeat(99));
    await expect(openStore()).rejects.toMatchObject({ code: 'store-corrupt', position: 0 });
    expect(() => openEmbeddedReader({ folder })).toThrow(code('store-corrupt'));
  });

  it('is refused when it is of another program or a newer version', async () => {
    await change('PRAGMA user_version = 9');
    await expect(openStore()).rejects.toThrow('newer version');
    const database = new DatabaseSync(join(folder, 'log.sqlite'));
    database.exec('PRAGMA application_id = 1');
    database.close();
    await expect(openStore()).rejects.toThrow(code('store-corrupt'));
  });

  it('is refused when its file was cut', async () => {
    const store = await openStore();
    await fill(store, 100, 1, 2_000);
    await store.close();
    const path = join(folder, 'log.sqlite');
    await truncate(path, Math.floor((await stat(path)).size / 2));
    await expect(openStore()).rejects.toThrow(code('store-corrupt'));
  });

  it('recovers a write-ahead log that was torn, up to the last whole commit', async () => {
    const store = await openStore();
    await fill(store, 10, 2);
    const copy = await temporaryFolder();
    // By another process: closing a file of an open SQLite database gives up this process's locks on it.
    execFileSync('cp', [join(folder, 'log.sqlite'), join(folder, 'log.sqlite-wal'), copy]);
    const wal = join(copy, 'log.sqlite-wal');
    await truncate(wal, (await stat(wal)).size - 5_000);
    const recovered = await EmbeddedEventStore.open({ folder: copy });
    const events = recovered.readAllSync();
    expect(events.length).toBe(18);
    expect(events).toEqual((await store.readAll()).slice(0, 18));
    await fill(recovered, 1);
    expect(recovered.checkIntegritySync()).toEqual([]);
    await recovered.close();
    await rm(copy, { recursive: true });
  });
});

/** As another user when we are root, whom no file mode stops. */
async function withoutPrivileges(work: () => Promise<void>): Promise<void> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}
