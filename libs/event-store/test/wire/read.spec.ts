import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { binaryEvent, jsonEvent, StreamNotFoundError, type ResolvedEvent } from '@eventstore/db-client';
import { collect, events, failure, OpenWire, streamName } from './open-wire.ts';

let wire: OpenWire;
beforeAll(async () => {
  wire = await OpenWire.start();
});
afterAll(async () => wire.close());

const revisions = (read: readonly ResolvedEvent[]): (number | undefined)[] =>
  read.map(({ event }) => (event === undefined ? undefined : Number(event.revision)));

describe('reading a stream', () => {
  const stream = streamName();
  beforeAll(async () => {
    await wire.client.appendToStream(stream, events(8));
  });

  it.each([
    [{}, [0, 1, 2, 3, 4, 5, 6, 7]],
    [{ fromRevision: 5n }, [5, 6, 7]],
    [{ fromRevision: 5n, maxCount: 2 }, [5, 6]],
    [{ fromRevision: 99n }, []],
    [{ direction: 'backwards', fromRevision: 'end' }, [7, 6, 5, 4, 3, 2, 1, 0]],
    [{ direction: 'backwards', fromRevision: 2n }, [2, 1, 0]],
    [{ direction: 'backwards', fromRevision: 99n, maxCount: 2 }, [7, 6]],
    [{ direction: 'backwards', fromRevision: 'start' }, [0]],
    [{ fromRevision: 18446744073709551615n }, []],
  ] as const)('%j', async (options, expected) => {
    expect(revisions(await collect(wire.client.readStream(stream, options as never)))).toEqual(expected);
  });

  it('goes over many pages', async () => {
    const long = streamName();
    await wire.client.appendToStream(long, events(3_000));
    expect(revisions(await collect(wire.client.readStream(long)))).toEqual([...Array(3_000).keys()]);
    const backwards = wire.client.readStream(long, { direction: 'backwards', fromRevision: 'end' });
    expect(revisions(await collect(backwards))).toEqual([...Array(3_000).keys()].reverse());
  });

  it('tells when an event was recorded', async () => {
    const before = Date.now();
    const fresh = streamName();
    await wire.client.appendToStream(fresh, events(1));
    const [first] = await collect(wire.client.readStream(fresh));
    expect(first!.event!.created.getTime()).toBeGreaterThanOrEqual(before);
    expect(first!.event!.created.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('says that there is none', async () => {
    const missing = streamName();
    const error = await failure(collect(wire.client.readStream(missing)));
    expect(error).toBeInstanceOf(StreamNotFoundError);
    expect((error as StreamNotFoundError).streamName).toBe(missing);
  });

  it('resolves links where asked, and says where one leads nowhere', async () => {
    const target = `Ziel@${streamName()}`;
    const links = streamName('links');
    await wire.client.appendToStream(target, events(3));
    const link = (to: string) => binaryEvent({ type: '$>', data: Buffer.from(to) });
    await wire.client.appendToStream(links, [link(`2@${target}`), link(`9@${target}`), link('nonsense'), ...events(1)]);
    const resolved = await collect(wire.client.readStream(links, { resolveLinkTos: true }));
    const [, , third] = await collect(wire.client.readStream(target));
    expect(resolved[0]?.event).toEqual(third?.event);
    expect(resolved[0]?.link).toMatchObject({ streamId: links, revision: 0n, type: '$>' });
    expect(resolved[1]).toMatchObject({ link: { revision: 1n } });
    expect(resolved[1]?.event).toBeUndefined();
    expect(resolved[2]?.event).toBeUndefined();
    expect(resolved[3]).toMatchObject({ event: { type: 'test' } });
    expect(resolved[3]?.link).toBeUndefined();
    const plain = await collect(wire.client.readStream(links));
    expect(plain.map(({ event }) => event?.type)).toEqual(['$>', '$>', '$>', 'test']);
  });
});

describe('reading $all', () => {
  it('begins with system events and tells every event once, in order, either way', async () => {
    await wire.client.appendToStream(streamName(), events(700));
    const forwards = await collect(wire.client.readAll());
    expect(forwards[0]?.event?.streamId).toBe('$user-admin');
    const positions = forwards.map(({ event }) => event!.position!.commit);
    expect(positions.every((position, i) => i === 0 || position > positions[i - 1]!)).toBe(true);
    expect(forwards.every(({ event, commitPosition }) => event!.position!.prepare === commitPosition)).toBe(true);
    const backwards = await collect(wire.client.readAll({ direction: 'backwards', fromPosition: 'end' }));
    expect(backwards.map(({ event }) => event!.id)).toEqual(forwards.map(({ event }) => event!.id).reverse());
  });

  it('goes on from a position: forwards with it, backwards before it', async () => {
    const stream = streamName();
    const { position } = await wire.client.appendToStream(stream, events(1, 'marker'));
    await wire.client.appendToStream(stream, events(2, 'after'));
    const forwards = await collect(wire.client.readAll({ fromPosition: position! }));
    expect(forwards.map(({ event }) => event!.type)).toEqual(['marker', 'after', 'after']);
    const [before] = await collect(
      wire.client.readAll({ fromPosition: position!, direction: 'backwards', maxCount: 1 }),
    );
    expect(before!.event!.position!.commit).toBe(position!.commit - 1n);
    const beyond = { commit: 1n << 60n, prepare: 1n << 60n };
    expect(await collect(wire.client.readAll({ fromPosition: beyond }))).toEqual([]);
    expect(await collect(wire.client.readAll({ maxCount: 2 }))).toHaveLength(2);
  });

  it('reads large events page by page', async () => {
    const stream = streamName('large');
    const large = (): ReturnType<typeof jsonEvent> => jsonEvent({ type: 'large', data: { text: 'x'.repeat(900_000) } });
    for (let i = 0; i < 8; i++) await wire.client.appendToStream(stream, large());
    expect(await collect(wire.client.readStream(stream))).toHaveLength(8);
    const backwards = await collect(wire.client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 8 }));
    expect(backwards.every(({ event }) => event?.type === 'large')).toBe(true);
  });
});
