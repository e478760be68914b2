import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RelayBus, RelayTurn } from '@anamnesis/event-bus';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { samples, streamOf, until } from '@anamnesis/event-store/contract';
import { Fault } from '@anamnesis/kernel';
import { Relay, relayModule, type RelayOptions } from '@anamnesis/relay-service';
import { RelayBuffer } from '../src/application/relay-buffer.ts';

/** Where a relay publishes to when there is no Kafka: it keeps what it was given, and fails when told to. */
class Board implements RelayBus {
  readonly events: string[] = [];
  readonly batches: number[] = [];
  progress = 0;
  turns = 0;
  over = new AbortController();
  before: () => Promise<void> = async () => undefined;

  async takeTurn(signal: AbortSignal): Promise<RelayTurn> {
    signal.throwIfAborted();
    this.turns += 1;
    const over = (this.over = new AbortController());
    return {
      progress: this.progress,
      over: over.signal,
      owing: false,
      publish: async (events, through) => {
        await this.before();
        this.events.push(...events.map(({ id }) => id));
        this.batches.push(events.length);
        this.progress = through;
      },
      settle: async () => undefined,
      end: async () => undefined,
    };
  }

  async close(): Promise<void> {
    this.over.abort();
  }
}

describe('the relay', () => {
  let folder: string;
  let store: EmbeddedEventStore;
  let board: Board;
  let relay: Relay | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anamnesis-relay-'));
    store = await EmbeddedEventStore.open({ folder });
    board = new Board();
  });
  afterEach(async () => {
    await relay?.stop();
    await store.close();
    await rm(folder, { recursive: true });
  });

  function start(options: Partial<RelayOptions> = {}): Relay {
    return (relay = Relay.start({ reader: store, bus: board, backoff: { firstMs: 1, longestMs: 5 }, ...options }));
  }

  async function append(kind: string, count: number): Promise<string[]> {
    const events = samples(count);
    await store.append({ stream: streamOf(kind), expected: 'none', events });
    return events.map(({ id }) => id);
  }

  const caughtUp = async (): Promise<boolean> => board.progress === (await store.head());

  it('brings everything but records of access, in the order of the log, and goes on live', async () => {
    const ids = await append('patient', 3);
    await append('access', 2);
    start();
    await until(caughtUp);
    ids.push(...(await append('order', 2)));
    await append('access', 1);
    await until(caughtUp);
    expect(board.events).toEqual(ids);
  });

  it('goes on from where the bus says, after a failure, without a gap', async () => {
    const ids = await append('patient', 4);
    const failures: unknown[] = [];
    let failing = 3;
    board.before = async () => {
      if (failing-- > 0) throw new Fault('bus-unavailable', 'Kafka cannot be reached.', { retryable: true });
    };
    start({ batchSize: 2, onFailure: (error) => failures.push(error) });
    await until(caughtUp);
    expect(board.events).toEqual(ids);
    expect([failures.length, board.turns]).toEqual([3, 4]);
    expect((await relay!.status()).failure).toBeUndefined();
  });

  it('says what it fails with, in words that may be shown', async () => {
    await append('patient', 1);
    board.before = async () => {
      throw new TypeError('the data of somebody');
    };
    start();
    await until(async () => (await relay!.status()).state === 'failing');
    const { failure, lag } = await relay!.status();
    expect(failure).toMatchObject({ code: 'bug' });
    expect(JSON.stringify(failure)).not.toContain('somebody');
    expect(lag).toMatchObject({ events: 1, more: false });
  });

  it('finishes the transaction under way when it is stopped, and begins no other', async () => {
    await append('patient', 2);
    const [entered, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    board.before = () => {
      entered.resolve();
      return held.promise;
    };
    start({ batchSize: 1, readAhead: { events: 1, bytes: 1 } });
    await entered.promise;
    const stopped = relay!.stop();
    held.resolve();
    await stopped;
    expect(board.batches).toHaveLength(1);
    expect((await relay!.status()).state).toBe('stopped');
  });

  it('stands by when another has its turn', async () => {
    await append('patient', 1);
    start();
    await until(caughtUp);
    board.over.abort();
    await until(() => board.turns === 2);
    await append('patient', 1);
    await until(caughtUp);
    expect(board.events).toHaveLength(2);
    expect((await relay!.status()).fenced).toBe(1);
  });

  it('tells operators over HTTP', async () => {
    await append('patient', 2);
    start();
    await until(caughtUp);
    const app = await NestFactory.create<NestFastifyApplication>(relayModule(relay!), new FastifyAdapter(), {
      logger: false,
    });
    await app.init();
    const answer = await app.inject({ method: 'GET', url: '/admin/relay' });
    await app.close();
    expect(answer.json()).toEqual({
      state: 'relaying',
      position: 2,
      head: 2,
      fenced: 0,
      lag: { events: 0, more: false, seconds: 0 },
    });
  });
});

describe("the relay's buffer", () => {
  const piece = (position: number): Parameters<RelayBuffer['put']>[0] => ({
    events: [{ ...samples(1)[0]!, stream: streamOf(), revision: 0, position, recordedAt: 0 }],
    through: position,
  });

  it('lets the reader wait while it is full, and hands out all of it', async () => {
    const buffer = new RelayBuffer({ events: 2, bytes: 1_000_000 });
    await buffer.put(piece(1));
    let through = false;
    const waiting = buffer.put(piece(2)).then(() => (through = true));
    await Promise.resolve();
    expect(through).toBe(false);
    expect(await buffer.take()).toMatchObject({ events: [{ position: 1 }, { position: 2 }], through: 2 });
    await waiting;
    expect(buffer.size).toBe(0);
  });

  it('lets everybody go when it is closed, and is empty for who waits in vain', async () => {
    const buffer = new RelayBuffer({ events: 1, bytes: 1 });
    expect(await buffer.take(1)).toBeUndefined();
    const putting = buffer.put(piece(1));
    buffer.close();
    await putting;
    await buffer.put(piece(2));
    expect((await buffer.take())?.through).toBe(1);
    expect(await buffer.take()).toBeUndefined();
  });
});
