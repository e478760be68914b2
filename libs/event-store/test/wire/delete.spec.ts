import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  binaryEvent,
  jsonEvent,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { collect, events, failure, OpenWire, streamName } from './open-wire.ts';

let wire: OpenWire;
beforeAll(async () => {
  wire = await OpenWire.start();
});
afterAll(async () => wire.close());

const read = (stream: string): Promise<ResolvedEvent[]> => collect(wire.client.readStream(stream));
const revisionsOf = async (stream: string): Promise<number[]> =>
  (await read(stream)).map(({ event }) => Number(event!.revision));
const lastOfAll = async (count: number): Promise<ResolvedEvent[]> =>
  (await collect(wire.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: count }))).reverse();

describe('a deleted stream', () => {
  it('is not found, and goes on with its revisions when it is written again', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(3));
    const { position } = await wire.client.deleteStream(stream, { expectedRevision: 2n });
    expect(await failure(read(stream))).toBeInstanceOf(StreamNotFoundError);
    const [deletion] = await lastOfAll(1);
    expect(deletion!.event).toMatchObject({ streamId: `$$${stream}`, type: '$metadata', position });
    expect(deletion!.commitPosition).toBe(position!.commit);

    const again = await wire.client.appendToStream(stream, events(2), { expectedRevision: 'no_stream' });
    expect(again.nextExpectedRevision).toBe(4n);
    expect(await revisionsOf(stream)).toEqual([3, 4]);
    expect(await wire.client.getStreamMetadata(stream)).toMatchObject({ metadata: { truncateBefore: 3 } });
    const [, written] = await read(stream);
    expect(written!.event!.position).toEqual(again.position);
  });

  it.each(['any', 2n] as const)('is written again at %s', async (expectedRevision) => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(3));
    await wire.client.deleteStream(stream);
    await wire.client.appendToStream(stream, events(1), { expectedRevision });
    expect(await revisionsOf(stream)).toEqual([3]);
  });

  it('does not exist for an append that says so, and can be deleted again', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(1));
    await wire.client.deleteStream(stream);
    const error = await failure(wire.client.appendToStream(stream, events(1), { expectedRevision: 'stream_exists' }));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect((await wire.client.deleteStream(stream)).position).toBeDefined();
  });

  it('keeps the rest of its metadata, byte for byte, when it comes back', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(12));
    const text = '{ "custom" : 1.00, "$tb" : 9223372036854775807 , "big": 12345678901234567890 }';
    await wire.client.appendToStream(`$$${stream}`, binaryEvent({ type: '$metadata', data: Buffer.from(text) }));
    expect(await failure(read(stream))).toBeInstanceOf(StreamNotFoundError);
    await wire.client.appendToStream(stream, events(1));
    expect(await revisionsOf(stream)).toEqual([12]);
    const all = await collect(wire.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }));
    expect(all[0]!.event!.data).toEqual({ custom: 1, $tb: 12, big: 12345678901234567890 });
  });

  it('comes back without its past when its metadata is set', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(3));
    await wire.client.deleteStream(stream);
    await wire.client.setStreamMetadata(stream, { cacheControl: 7 });
    expect(await read(stream)).toEqual([]);
    expect(await wire.client.getStreamMetadata(stream)).toMatchObject({
      metadata: { cacheControl: 7, truncateBefore: 3 },
    });
    await wire.client.appendToStream(stream, events(1));
    expect(await revisionsOf(stream)).toEqual([3]);
  });

  it('stays deleted over a restart', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(2));
    await wire.client.deleteStream(stream);
    await wire.restart();
    expect(await failure(read(stream))).toBeInstanceOf(StreamNotFoundError);
    await wire.client.appendToStream(stream, events(1), { expectedRevision: 'no_stream' });
    expect(await revisionsOf(stream)).toEqual([2]);
  });
});

describe('a deletion', () => {
  it.each([
    ['deleteStream', 'no_stream', -1n],
    ['deleteStream', 5n, 5n],
    ['tombstoneStream', 'no_stream', -1n],
    ['tombstoneStream', 0n, 0n],
  ] as const)('is refused at a wrong revision (%s, %s)', async (call, expectedRevision, told) => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(2));
    const error = await failure(wire.client[call](stream, { expectedRevision }));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: stream, expectedVersion: told, actualVersion: 1n });
    expect(await read(stream)).toHaveLength(2);
  });

  it.each(['any', 'no_stream'] as const)('of what never was is refused (%s)', async (expectedRevision) => {
    const error = await failure(wire.client.deleteStream(`né ${streamName()}`, { expectedRevision }));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ actualVersion: 'no_stream' });
  });

  it('is possible where there is only metadata', async () => {
    const stream = streamName();
    await wire.client.setStreamMetadata(stream, { maxCount: 1 });
    expect((await wire.client.deleteStream(stream, { expectedRevision: 'no_stream' })).position).toBeDefined();
  });
});

describe('a tombstone', () => {
  it('ends a stream for ever, for readers, writers and its metadata', async () => {
    const stream = streamName('Ende');
    await wire.client.appendToStream(stream, events(2));
    const { position } = await wire.client.tombstoneStream(stream, { expectedRevision: 1n });
    await wire.restart();
    const attempts = [
      read(stream),
      wire.client.appendToStream(stream, events(1)),
      wire.client.appendToStream(stream, events(1), { expectedRevision: 'no_stream' }),
      wire.client.deleteStream(stream),
      wire.client.tombstoneStream(stream),
      wire.client.setStreamMetadata(stream, { maxCount: 1 }),
      read(`$$${stream}`),
    ];
    for (const attempt of attempts) expect(await failure(attempt)).toBeInstanceOf(StreamDeletedError);
    const [one, two, stone] = await lastOfAll(3);
    expect([one, two].map((resolved) => resolved!.event!.streamId)).toEqual([stream, stream]);
    expect(stone!.event).toMatchObject({
      streamId: stream,
      type: '$streamDeleted',
      revision: 9_223_372_036_854_775_807n,
      position,
    });
  });

  it('can be set where nothing was', async () => {
    const stream = streamName();
    await wire.client.tombstoneStream(stream, { expectedRevision: 'no_stream' });
    expect(await failure(read(stream))).toBeInstanceOf(StreamDeletedError);
  });

  it('is no event type: a client may write one of that name', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, jsonEvent({ type: '$streamDeleted', data: {} }));
    expect(await revisionsOf(stream)).toEqual([0]);
  });
});
