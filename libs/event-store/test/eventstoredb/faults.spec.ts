import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';
import { EventStoreDb, openEventStoreDbReader } from '@anamnesis/event-store/eventstoredb';
import { samples, streamOf, until } from '@anamnesis/event-store/contract';
import { openEventStoreDb, type OpenedEventStoreDb } from './open-event-store-db.ts';

describe('a server that goes away and comes back', () => {
  let opened: OpenedEventStoreDb;
  beforeEach(async () => void (opened = await openEventStoreDb({ retryMs: 10_000 })));
  afterEach(() => opened.cleanup());

  const one = (): Parameters<EventStoreDb['append']>[0] => ({
    stream: streamOf(),
    expected: 'none',
    events: samples(1),
  });

  it('does not disturb a subscription: it misses and repeats nothing', async () => {
    const seen: StoredEvent[] = [];
    const subscription = opened.store.subscribe({ from: 0 }, async (batch) => void seen.push(...batch));
    for (let i = 0; i < 3; i++) {
      await opened.store.append(one());
      await opened.store.appendAll([one(), one()]);
      await until(() => seen.length === 3 * (i + 1));
      await opened.server.down();
      await opened.server.up();
    }
    await opened.store.append(one());
    await until(() => seen.length === 10);
    await subscription.stop();
    expect(seen).toEqual(await opened.store.readAll());
  });

  it('loses and doubles no append that was under way', async () => {
    const writes = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? [one(), one()] : [one()]));
    const answers = Promise.all(writes.map((batch) => opened.store.appendAll(batch)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await opened.server.down();
    await opened.server.up();
    expect((await answers).every(({ ok }) => ok)).toBe(true);
    const stored = (await opened.store.readAll()).map(({ id }) => id);
    const sent = writes.flatMap((batch) => batch.flatMap(({ events }) => events.map(({ id }) => id)));
    expect(stored.toSorted()).toEqual(sent.toSorted());
  });

  it('is a fault that may pass while it is away, and a repeat tells the outcome', async () => {
    const impatient = await opened.open({ retryMs: 100 });
    const write = one();
    await opened.server.down();
    const unavailable = { code: 'store-unavailable', retryable: true };
    await expect(impatient.append(write)).rejects.toMatchObject(unavailable);
    await expect(impatient.readAll()).rejects.toMatchObject(unavailable);
    await expect(impatient.head()).rejects.toBeInstanceOf(Fault);
    await expect(
      EventStoreDb.open({ connectionString: opened.server.url, retryMs: 100, deadlineMs: 500 }),
    ).rejects.toMatchObject(unavailable);
    await opened.server.up();
    await expect(impatient.append(write)).resolves.toMatchObject({ ok: true });
    expect(await impatient.readStream(write.stream)).toHaveLength(1);
  });
});

describe('opening', () => {
  it('refuses a connection string that is none', async () => {
    for (const connectionString of ['', 'http://127.0.0.1:2113', 'esdb://']) {
      await expect(EventStoreDb.open({ connectionString })).rejects.toBeInstanceOf(TypeError);
    }
  });

  it('finds a cluster by its gossip', async () => {
    const opened = await openEventStoreDb();
    try {
      const { port } = opened.server;
      const found = await opened.open({ connectionString: `esdb+discover://127.0.0.1:${port}?tls=false` });
      const named = await opened.open({
        connectionString: `esdb://127.0.0.1:${port},127.0.0.1:${port}?tls=false&nodePreference=leader`,
      });
      await found.append({ stream: streamOf(), expected: 'none', events: samples(1) });
      expect(await named.readAll()).toHaveLength(1);
    } finally {
      await opened.cleanup();
    }
  });

  it('gives a consumer a reader that sees what is committed', async () => {
    const opened = await openEventStoreDb();
    try {
      const reader = await openEventStoreDbReader({ connectionString: opened.server.url });
      const seen: StoredEvent[] = [];
      const subscription = reader.subscribe({ from: 0 }, async (batch) => void seen.push(...batch));
      await opened.store.append({ stream: streamOf(), expected: 'none', events: samples(3) });
      await until(() => seen.length === 3);
      expect(await reader.readRaw(seen[0]!.position, 10)).toHaveLength(2);
      await reader.close();
      await expect(subscription.ended).resolves.toBeUndefined();
      await expect(reader.head()).rejects.toMatchObject({ code: 'stopping' });
    } finally {
      await opened.cleanup();
    }
  });
});
