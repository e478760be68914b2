import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  binaryEvent,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  StreamDeletedError,
  streamNameFilter,
  type Filter,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { connect, events, failure, OpenWire, streamName } from './open-wire.ts';

let wire: OpenWire;
beforeAll(async () => {
  wire = await OpenWire.start();
});
afterAll(async () => wire.close());

type Subscription = AsyncIterable<ResolvedEvent> & NodeJS.EventEmitter & { unsubscribe(): Promise<void> };

/** Follows until `enough`, noting what else the subscription says. */
async function follow(subscription: Subscription, enough: (seen: ResolvedEvent[]) => boolean) {
  const seen: ResolvedEvent[] = [];
  const said: string[] = [];
  for (const word of ['confirmation', 'caughtUp', 'fellBehind'])
    subscription.on(word, () => said.push(`${word} ${seen.length}`));
  for await (const event of subscription) {
    seen.push(event);
    if (enough(seen)) break;
  }
  await subscription.unsubscribe();
  return { seen, said };
}

const revisions = (seen: ResolvedEvent[]): number[] => seen.map(({ event }) => Number(event!.revision));
const all = (options: object = {}): Subscription => wire.client.subscribeToAll(options) as never;
const of = (stream: string, options: object = {}): Subscription =>
  wire.client.subscribeToStream(stream, options) as never;

describe('a subscription to a stream', () => {
  it('tells what is there, that it has caught up, and what comes', async () => {
    const stream = streamName('Abo ');
    await wire.client.appendToStream(stream, events(4));
    const subscription = of(stream);
    subscription.once('caughtUp', () => void wire.client.appendToStream(stream, events(3)));
    const { seen, said } = await follow(subscription, ({ length }) => length === 7);
    expect(revisions(seen)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(said).toEqual(['confirmation 0', 'caughtUp 4']);
  });

  it.each([
    [{ fromRevision: 2n }, [3, 4, 5]],
    [{ fromRevision: 'end' }, [4, 5]],
    [{ fromRevision: 4n }, [5]],
  ])('begins after %j', async (options, expected) => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(4));
    const subscription = of(stream, options);
    subscription.once('caughtUp', () => void wire.client.appendToStream(stream, events(2)));
    const { seen } = await follow(subscription, ({ length }) => length === expected.length);
    expect(revisions(seen)).toEqual(expected);
  });

  it('waits for a stream that is yet to come, and hears of no other', async () => {
    const stream = streamName();
    const subscription = of(stream);
    subscription.once('caughtUp', () => {
      void wire.client.appendToStream(streamName(), events(5));
      void wire.client.appendToStream(stream, events(1, 'mine'));
    });
    const { seen } = await follow(subscription, () => true);
    expect(seen[0]!.event).toMatchObject({ streamId: stream, type: 'mine' });
  });

  it('ends with the stream', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(1));
    const subscription = of(stream);
    subscription.once('caughtUp', () => void wire.client.tombstoneStream(stream));
    const error = await failure(follow(subscription, () => false));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ streamName: stream });
  });

  it('follows links where asked', async () => {
    const target = streamName();
    const links = streamName();
    await wire.client.appendToStream(target, events(1, 'linked'));
    await wire.client.appendToStream(links, binaryEvent({ type: '$>', data: Buffer.from(`0@${target}`) }));
    const { seen } = await follow(of(links, { resolveLinkTos: true }), () => true);
    expect(seen[0]).toMatchObject({ link: { streamId: links }, event: { streamId: target, type: 'linked' } });
  });
});

describe('a subscription to $all', () => {
  it('tells every event once, in order, past and live', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(2_500));
    const subscription = all();
    subscription.once('caughtUp', () => void wire.client.appendToStream(stream, events(1, 'last')));
    const { seen, said } = await follow(subscription, (seen) => seen.at(-1)!.event!.type === 'last');
    const positions = seen.map(({ commitPosition }) => Number(commitPosition));
    expect(positions).toEqual(positions.map((_, i) => i + 1));
    expect(said).toEqual(['confirmation 0', `caughtUp ${seen.length - 1}`]);
  });

  it('begins after a position, or with the next event', async () => {
    const stream = streamName();
    const { position } = await wire.client.appendToStream(stream, events(2, 'before'));
    await wire.client.appendToStream(stream, events(2, 'after'));
    const { seen } = await follow(all({ fromPosition: position }), ({ length }) => length === 2);
    expect(seen.map(({ event }) => event!.type)).toEqual(['after', 'after']);
    const atEnd = all({ fromPosition: 'end' });
    atEnd.once('caughtUp', () => void wire.client.appendToStream(stream, events(1, 'next')));
    expect((await follow(atEnd, () => true)).seen[0]!.event!.type).toBe('next');
  });

  it('is no faster than its client, and loses nothing', async () => {
    const stream = streamName('slow');
    const slow = connect(wire.server.url);
    const subscription = slow.subscribeToAll({ fromPosition: 'end', filter: streamNameFilter({ prefixes: [stream] }) });
    await once(subscription, 'caughtUp');
    subscription.pause();
    const said: string[] = [];
    for (const word of ['fellBehind', 'caughtUp']) subscription.on(word, () => said.push(word));
    const text = 'x'.repeat(2_000);
    for (let i = 0; i < 20; i++) {
      const batch = Array.from({ length: 300 }, () => jsonEvent({ type: 'flood', data: { text } }));
      await wire.client.appendToStream(stream, batch);
    }
    const { seen } = await follow(subscription as never, ({ length }) => length === 6_000);
    expect(revisions(seen)).toEqual([...Array(6_000).keys()]);
    expect(said[0]).toBe('fellBehind');
    await slow.dispose();
  });

  it('ends when the server stops', async () => {
    const other = await OpenWire.start();
    const subscription = other.client.subscribeToAll();
    await once(subscription, 'caughtUp');
    const ended = once(subscription, 'error') as Promise<unknown>;
    await other.server.stop();
    expect(await failure(ended.then((error) => Promise.reject(error)))).toMatchObject([{ type: 'unavailable' }]);
    other.server.stop = async () => undefined;
    await other.close();
  });
});

describe('a filtered subscription', () => {
  const prefix = `filter${process.pid}`;
  const filters: [string, Filter][] = [
    ['stream prefix', streamNameFilter({ prefixes: ['nothing', `${prefix} A`] })],
    ['stream regex', streamNameFilter({ regex: `^${prefix} [A]` })],
    ['type prefix', eventTypeFilter({ prefixes: [`${prefix}-wanted`] })],
    ['type regex', eventTypeFilter({ regex: `^${prefix}-w.*d$` })],
  ];

  it.each(filters)('by %s tells only what it asks for, past and live', async (_name, filter) => {
    const write = async (): Promise<void> => {
      await wire.client.appendToStream(`${prefix} B`, events(40, 'other'));
      await wire.client.appendToStream(`${prefix} A`, events(3, `${prefix}-wanted`));
    };
    const { position } = await wire.client.appendToStream(`${prefix} B`, events(1, 'other'));
    await write();
    const subscription = all({ fromPosition: position, filter });
    subscription.once('caughtUp', () => void write());
    const { seen } = await follow(subscription, ({ length }) => length === 6);
    expect(seen.every(({ event }) => event!.streamId === `${prefix} A`)).toBe(true);
  });

  it('can leave out system events', async () => {
    const { position } = await wire.client.appendToStream(streamName(), events(1));
    await wire.client.setStreamMetadata(streamName(), {});
    await wire.client.appendToStream(streamName(), events(1, 'mine'));
    const { seen } = await follow(all({ fromPosition: position, filter: excludeSystemEvents() }), () => true);
    expect(seen[0]!.event!.type).toBe('mine');
  });

  it('tells at its interval how far it is, whether or not anything matches', async () => {
    const { position } = await wire.client.appendToStream(streamName(), events(1));
    await wire.client.appendToStream(streamName(), events(100, 'unwanted'));
    const checkpoints: Position[] = [];
    const filter = eventTypeFilter({
      prefixes: ['checkpoint-end'],
      checkpointInterval: 2,
      maxSearchWindow: 10,
      checkpointReached: async (_, reached) => {
        checkpoints.push(reached);
      },
    });
    const subscription = all({ fromPosition: position, filter });
    subscription.once('caughtUp', async () => {
      await wire.client.appendToStream(streamName(), events(50, 'unwanted'));
      await delay(50);
      await wire.client.appendToStream(streamName(), events(1, 'checkpoint-end'));
    });
    await follow(subscription, () => true);
    const steps = checkpoints.map(({ commit, prepare }) => {
      expect(commit).toBe(prepare);
      return Number(commit - position!.commit);
    });
    // Every twenty events, and once where the subscription had caught up.
    expect(steps).toEqual([20, 40, 60, 80, 100, 100, 120, 140]);
  });

  it('refuses an expression that is none', async () => {
    const error = await failure(follow(all({ filter: streamNameFilter({ regex: '(' }) }), () => true));
    expect(error).toMatchObject({ code: 3 });
  });
});
