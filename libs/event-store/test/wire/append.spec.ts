import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  binaryEvent,
  jsonEvent,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
  type AppendResult,
  type EventData,
} from '@eventstore/db-client';
import { collect, connect, events, failure, OpenWire, streamName } from './open-wire.ts';

let wire: OpenWire;
beforeAll(async () => {
  wire = await OpenWire.start();
});
afterAll(async () => wire.close());

/** With credentials the client appends by the classic call, else by the one for batches. */
const CALLS = [
  ['classic', { credentials: { username: 'admin', password: 'x' } }],
  ['batch', {}],
] as const;

describe.each(CALLS)('an append by the %s call', (_name, options) => {
  const append = (
    stream: string,
    data: EventData[],
    expectedRevision: AppendExpectedRevision = 'any',
  ): Promise<AppendResult> => wire.client.appendToStream(stream, data, { ...options, expectedRevision });

  it('answers with the revision and position of its last event', async () => {
    const stream = streamName();
    const first = await append(stream, events(3));
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
    const second = await append(stream, events(2), 2n);
    expect(second.nextExpectedRevision).toBe(4n);
    const read = await collect(wire.client.readStream(stream));
    expect(read.map(({ event }) => event?.revision)).toEqual([0n, 1n, 2n, 3n, 4n]);
    expect(read[2]?.event?.position).toEqual(first.position);
    expect(read[4]?.event?.position).toEqual(second.position);
  });

  it('keeps every byte of names, types, data and metadata', async () => {
    const stream = `Würde 🦃/${'x'.repeat(300)}-${streamName()}`;
    const type = `тип ${'é'.repeat(250)}`;
    const data = new Uint8Array(randomBytes(5_000));
    const metadata = new Uint8Array([0, 255, 254, 10, 13]);
    await append(stream, [binaryEvent({ type, data, metadata }), jsonEvent({ type: '-', data: 'CC ‐ 1830' })]);
    const [binary, json] = await collect(wire.client.readStream(stream));
    expect(binary?.event).toMatchObject({ streamId: stream, type, isJson: false });
    expect(Buffer.from(binary!.event!.data as Uint8Array).equals(data)).toBe(true);
    expect([...(binary!.event!.metadata as Uint8Array)]).toEqual([...metadata]);
    expect(json?.event).toMatchObject({ type: '-', isJson: true, data: 'CC ‐ 1830', metadata: undefined });
  });

  it('holds apart names that the log would take for the same', async () => {
    const plain = `patient-${process.pid}${_name === 'batch' ? 1 : 2}`;
    await append(plain, events(1, 'lower'));
    await append(plain.toUpperCase(), events(2, 'upper'));
    await append(`x--${plain}`, events(3, 'hash-like'));
    expect(await collect(wire.client.readStream(plain))).toHaveLength(1);
    expect(await collect(wire.client.readStream(plain.toUpperCase()))).toHaveLength(2);
    expect((await collect(wire.client.readStream(`x--${plain}`)))[0]?.event?.streamId).toBe(`x--${plain}`);
  });

  it('refuses a wrong expected revision, and says which one there is', async () => {
    const stream = streamName();
    const missing = streamName();
    await append(stream, events(2));
    const cases: [string, AppendExpectedRevision, bigint | 'no_stream'][] = [
      [stream, 'no_stream', 1n],
      [stream, 0n, 1n],
      [stream, 7n, 1n],
      [missing, 0n, 'no_stream'],
      [missing, 'stream_exists', 'no_stream'],
    ];
    for (const [streamId, expected, actual] of cases) {
      const error = await failure(append(streamId, events(1), expected));
      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(error).toMatchObject({ streamName: streamId, expectedVersion: expected, actualVersion: actual });
    }
    expect(await collect(wire.client.readStream(stream))).toHaveLength(2);
  });

  it('takes "stream exists" for a stream that has events or metadata', async () => {
    const stream = streamName();
    const bare = streamName();
    await append(stream, events(1), 'no_stream');
    await wire.client.setStreamMetadata(bare, { cacheControl: 1 });
    expect((await append(stream, events(1), 'stream_exists')).nextExpectedRevision).toBe(1n);
    expect((await append(bare, events(1), 'stream_exists')).nextExpectedRevision).toBe(0n);
  });

  it.each<AppendExpectedRevision>(['any', 'no_stream', -1n as never])(
    'appends nothing when the same events come again, and answers as before (%s)',
    async (expected) => {
      const stream = streamName();
      const batch = events(3);
      const revision = expected === (-1n as never) ? 0n : expected;
      if (revision === 0n) await append(stream, events(1));
      const first = await append(stream, batch, revision);
      await append(stream, events(2));
      expect(await append(stream, batch, revision)).toEqual(first);
      expect(await collect(wire.client.readStream(stream))).toHaveLength(revision === 0n ? 6 : 5);
    },
  );

  it('takes no mixture of old and new events for a repeat', async () => {
    const stream = streamName();
    const [a, b] = events(2) as [EventData, EventData];
    await append(stream, [a, b], 'no_stream');
    for (const expected of ['any', 'no_stream'] as const) {
      const error = await failure(append(stream, [a, ...events(1)], expected));
      expect(error).toBeInstanceOf(WrongExpectedVersionError);
    }
    expect(await collect(wire.client.readStream(stream))).toHaveLength(2);
  });

  it('appends the same event again where the expected revision is the present one', async () => {
    const stream = streamName();
    const batch = events(1);
    await append(stream, batch, 'no_stream');
    expect((await append(stream, batch, 0n)).nextExpectedRevision).toBe(1n);
  });

  it('refuses more than the limit of an append, whole', async () => {
    const stream = streamName();
    const large = binaryEvent({ type: 'large', data: new Uint8Array(600_000) });
    const other = binaryEvent({ type: 'large', data: new Uint8Array(600_000) });
    const error = await failure(append(stream, [large, other]));
    expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
    expect(error).toMatchObject({ maxAppendSize: 1024 * 1024 });
    expect((await append(stream, [large], 'no_stream')).nextExpectedRevision).toBe(0n);
  });

  it('refuses a stream that is deleted for ever', async () => {
    const stream = streamName();
    await append(stream, events(1));
    await wire.client.tombstoneStream(stream);
    const error = await failure(append(stream, events(1)));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ streamName: stream });
  });

  it('decides appends to one stream in the order they come', async () => {
    const stream = streamName();
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => append(stream, events(1), i === 0 ? 'no_stream' : BigInt(i - 1))),
    );
    // The client's connection keeps the order of batches; classic calls may overtake each other, but never both win.
    const won = results.filter(({ status }) => status === 'fulfilled').length;
    expect(await collect(wire.client.readStream(stream))).toHaveLength(won);
    if (_name === 'batch') expect(won).toBe(50);
  });
});

describe('concurrent appends', () => {
  it('at one revision have one winner', async () => {
    const stream = streamName();
    const clients = Array.from({ length: 4 }, () => connect(wire.server.url));
    const results = await Promise.allSettled(
      clients.map((client) => client.appendToStream(stream, events(2), { expectedRevision: 'no_stream' })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await collect(wire.client.readStream(stream))).toHaveLength(2);
    await Promise.all(clients.map((client) => client.dispose()));
  });

  it('to many streams at any revision all succeed, each event once', async () => {
    const streams = Array.from({ length: 10 }, () => streamName());
    await Promise.all(Array.from({ length: 200 }, (_, i) => wire.client.appendToStream(streams[i % 10]!, events(3))));
    for (const stream of streams) {
      const read = await collect(wire.client.readStream(stream));
      expect(read.map(({ event }) => event?.revision)).toEqual(Array.from({ length: 60 }, (_, i) => BigInt(i)));
      expect(new Set(read.map(({ event }) => event?.id)).size).toBe(60);
    }
  });
});

describe('an append whose deadline has passed', () => {
  it('is answered with a timeout and appends nothing', async () => {
    const stream = streamName();
    const error = await failure(
      wire.client.appendToStream(stream, events(2_000), { deadline: 1, batchAppendSize: 1_024 }),
    );
    expect(error).toMatchObject({ type: 'deadline-exceeded' });
    await wire.client.appendToStream(stream, events(1), { expectedRevision: 'no_stream' });
  });
});

it('appends many events in many messages as one append', async () => {
  const stream = streamName();
  const result = await wire.client.appendToStream(stream, events(5_000), { batchAppendSize: 1_024 });
  expect(result.nextExpectedRevision).toBe(4_999n);
});

it('refuses more events than the log takes at once', async () => {
  const work = wire.client.appendToStream(streamName(), events(10_000));
  expect(await failure(work)).toBeInstanceOf(MaxAppendSizeExceededError);
});

it('without events appends nothing', async () => {
  const stream = streamName();
  await wire.client.appendToStream(stream, events(2));
  const result = await wire.client.appendToStream(stream, [], { expectedRevision: 1n });
  expect(result).toMatchObject({ success: true, nextExpectedRevision: 1n });
  expect(await collect(wire.client.readStream(stream))).toHaveLength(2);
});
