/** What lies under the server: a log that is full, in use, restarted. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { startWireServer } from '@anamnesis/event-store/wire';
import { binaryEvent } from '@eventstore/db-client';
import { collect, connect, events, failure, OpenWire, streamName } from './open-wire.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anamnesis-wire-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  return folder;
}

describe('a full log', () => {
  it.each([
    ['classic', { credentials: { username: 'x', password: 'x' } }],
    ['batch', {}],
  ])('refuses appends by the %s call, answers reads, and knows afterwards what it has', async (_name, options) => {
    const store = await EmbeddedEventStore.open({ folder: await folderOf(), limitBytes: 2 * 1024 * 1024 });
    cleanups.push(() => store.close());
    const server = await startWireServer({ store, port: 0 });
    cleanups.push(() => server.stop());
    const client = connect(server.url);
    cleanups.push(() => client.dispose());

    const stream = streamName();
    const large = () => binaryEvent({ type: 'large', data: new Uint8Array(200_000) });
    const attempts = Array.from({ length: 15 }, () => client.appendToStream(stream, large(), options));
    const results = await Promise.allSettled(attempts);
    const written = results.filter(({ status }) => status === 'fulfilled').length;
    expect(written).toBeLessThan(15);
    // What is left of the room takes small events, at the revision that is really there.
    const read = await collect(client.readStream(stream));
    const revision = BigInt(read.length - 1);
    expect(read.length).toBe(written);
    const small = await client.appendToStream(stream, events(1), { ...options, expectedRevision: revision });
    expect(small.nextExpectedRevision).toBe(revision + 1n);
  });
});

describe('a store that was given', () => {
  it('stays open when the server stops, and is refused without a place', async () => {
    const store = await EmbeddedEventStore.open({ folder: await folderOf() });
    cleanups.push(() => store.close());
    const server = await startWireServer({ store, port: 0 });
    await server.stop();
    expect(store.headSync()).toBe(2);
    expect(await failure(startWireServer({ port: 0 }))).toBeInstanceOf(TypeError);
  });
});

describe('a restart', () => {
  it('keeps events, revisions, positions and what is a repeat', async () => {
    const wire = await OpenWire.start();
    cleanups.push(() => wire.close());
    const stream = `Über ${streamName()}`;
    const batch = events(100);
    const first = await wire.client.appendToStream(stream, batch);
    await wire.client.appendToStream(stream, events(100));
    const before = await collect(wire.client.readAll());
    await wire.restart();
    expect(await collect(wire.client.readAll())).toEqual(before);
    expect(await wire.client.appendToStream(stream, batch)).toEqual(first);
    expect(await wire.client.appendToStream(stream, batch, { expectedRevision: 'no_stream' })).toEqual(first);
    const next = await wire.client.appendToStream(stream, events(1), { expectedRevision: 199n });
    expect(next.position!.commit).toBe(BigInt(before.length + 1));
  });
});
