import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { binaryEvent, jsonEvent } from '@eventstore/db-client';
import { collect, events, OpenWire, streamName } from './open-wire.ts';

let wire: OpenWire;
beforeAll(async () => {
  wire = await OpenWire.start();
});
afterAll(async () => wire.close());

async function revisionsOf(stream: string, options = {}): Promise<number[]> {
  return (await collect(wire.client.readStream(stream, options))).map(({ event }) => Number(event!.revision));
}

const backwards = { direction: 'backwards', fromRevision: 'end' };

describe('stream metadata', () => {
  it('is read as it was set, the last one', async () => {
    const stream = streamName('Meta daten');
    expect(await wire.client.getStreamMetadata(stream)).toEqual({ streamName: stream });
    const first = {
      maxAge: 2,
      cacheControl: 15,
      truncateBefore: 1,
      maxCount: 12,
      acl: { readRoles: ['admin'], writeRoles: ['a', 'b'], metaReadRoles: ['admin'] },
    };
    await wire.client.setStreamMetadata(stream, first);
    expect((await wire.client.getStreamMetadata(stream)).metadata).toEqual(first);
    await wire.client.setStreamMetadata(stream, { turkey: '🦃' }, { expectedRevision: 0n });
    await wire.restart();
    expect((await wire.client.getStreamMetadata(stream)).metadata).toEqual({ turkey: '🦃' });
    // A metastream keeps its last event only; $all has both.
    expect(await revisionsOf(`$$${stream}`)).toEqual([1]);
    const all = await collect(wire.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 2 }));
    expect(all.map(({ event }) => event!.type)).toEqual(['$metadata', '$metadata']);
  });

  it('$maxCount leaves the last events', async () => {
    const stream = streamName();
    await wire.client.setStreamMetadata(stream, { maxCount: 3 });
    await wire.client.appendToStream(stream, events(10));
    expect(await revisionsOf(stream)).toEqual([7, 8, 9]);
    expect(await revisionsOf(stream, backwards)).toEqual([9, 8, 7]);
    expect(await revisionsOf(stream, { fromRevision: 8n })).toEqual([8, 9]);
    expect(await revisionsOf(stream, { ...backwards, fromRevision: 5n })).toEqual([]);
  });

  it('$tb hides what is before it', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(5));
    await wire.client.setStreamMetadata(stream, { truncateBefore: 3 });
    expect(await revisionsOf(stream)).toEqual([3, 4]);
    await wire.client.setStreamMetadata(stream, { truncateBefore: 99 });
    expect(await revisionsOf(stream)).toEqual([]);
    await wire.client.setStreamMetadata(stream, {});
    expect(await revisionsOf(stream)).toEqual([0, 1, 2, 3, 4]);
  });

  it('$maxAge hides what is older', async () => {
    const stream = streamName();
    await wire.client.setStreamMetadata(stream, { maxAge: 1 });
    await wire.client.appendToStream(stream, events(2));
    await delay(1_100);
    await wire.client.appendToStream(stream, events(1));
    expect(await revisionsOf(stream)).toEqual([2]);
    expect(await revisionsOf(stream, backwards)).toEqual([2]);
  });

  it('of a wrong kind counts for nothing', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(2));
    const raw = [
      jsonEvent({ type: '$metadata', data: { $maxCount: -1, $tb: 'x', $maxAge: 0.5, $acl: 7 } }),
      jsonEvent({ type: '$metadata', data: [1] }),
      binaryEvent({ type: '$metadata', data: Buffer.from('{"$tb":1') }),
    ];
    for (const event of raw) {
      await wire.client.appendToStream(`$$${stream}`, event);
      expect(await revisionsOf(stream)).toEqual([0, 1]);
    }
  });
});
