import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '@anamnesis/kernel';
import type { EventReader } from '@anamnesis/event-store';
import { samples, streamOf, until } from '@anamnesis/event-store/contract';
import { EmbeddedEventBus, type ConsumeFailure, type EmbeddedEventBusOptions } from '@anamnesis/event-bus/embedded';
import { openEmbedded } from './open-embedded.ts';

describe('the embedded event bus', () => {
  let opened: Awaited<ReturnType<typeof openEmbedded>>;
  afterEach(() => opened.cleanup());

  async function openFilled(options: Partial<EmbeddedEventBusOptions> = {}): Promise<void> {
    opened = await openEmbedded(options);
    for (let i = 0; i < 5; i++) {
      await opened.store.append({ stream: streamOf(), expected: 'none', events: samples(2) });
    }
  }

  it('delivers in the order of the log', async () => {
    await openFilled();
    const positions: number[] = [];
    await opened.bus.consume({ group: 'g', batchSize: 3 }, async ({ events }) => {
      positions.push(...events.map(({ position }) => position));
    });
    await until(() => positions.length === 10);
    expect(positions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('gives a group to one consumer at a time', async () => {
    await openFilled();
    const consumer = await opened.bus.consume({ group: 'g' }, async () => undefined);
    await expect(opened.bus.consume({ group: 'g' }, async () => undefined)).rejects.toThrow('already');
    await consumer.stop();
    const next = await opened.bus.consume({ group: 'g' }, async () => undefined);
    await next.stop();
  });

  it('tells of each try that failed', async () => {
    const failures: ConsumeFailure[] = [];
    await openFilled({ onFailure: (failure) => failures.push(failure) });
    const error = new Fault('read-model-unavailable', 'Not now.');
    const consumer = await opened.bus.consume({ group: 'g' }, async () => {
      if (failures.length < 3) throw error;
    });
    await until(async () => (await opened.bus.progress('g')) === 10);
    await consumer.stop();
    expect(failures).toEqual([1, 2, 3].map((attempt) => ({ group: 'g', lane: 'log', attempt, error })));
  });

  it('stops at once while it waits to try again', async () => {
    let tries = 0;
    await openFilled({ backoff: { firstMs: 3_600_000, longestMs: 3_600_000 } });
    const consumer = await opened.bus.consume({ group: 'g' }, async () => {
      tries += 1;
      throw new Fault('read-model-unavailable', 'Not now.');
    });
    await until(() => tries === 1);
    await consumer.stop();
    expect(await opened.bus.progress('g')).toBe(0);
  });

  it('reads again after a fault that may pass, and ends with one that will not', async () => {
    await openFilled();
    const passing = new Fault('store-unavailable', 'The event log cannot be reached.', { retryable: true });
    const lasting = new Fault('store-corrupt', 'The event log is damaged.');
    const faults = [passing, passing, undefined, lasting];
    let subscriptions = 0;
    const reader: EventReader = Object.create(opened.store, {
      subscribe: {
        value: ((options, handler) => {
          const fault = faults[subscriptions++];
          if (fault === undefined) return opened.store.subscribe(options, handler);
          return { ended: Promise.reject(fault), stop: async () => undefined };
        }) satisfies EventReader['subscribe'],
      },
    }) as EventReader;
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bus-'));
    const bus = EmbeddedEventBus.open({ folder, reader, backoff: { firstMs: 1, longestMs: 2 } });
    const first = await bus.consume({ group: 'g' }, async () => undefined);
    await until(async () => (await bus.progress('g')) === 10);
    await first.stop();
    const second = await bus.consume({ group: 'g' }, async () => undefined);
    await expect(second.ended).rejects.toBe(lasting);
    await bus.close();
    await rm(folder, { recursive: true });
  });

  it('is refused with a fault when its checkpoints cannot be opened', async () => {
    await openFilled();
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bus-'));
    await writeFile(join(folder, 'bus.sqlite'), 'no database, and longer than a header would be '.repeat(99));
    const unavailable = expect.objectContaining({ code: 'bus-unavailable' }) as unknown as Error;
    expect(() => EmbeddedEventBus.open({ folder, reader: opened.store })).toThrow(unavailable);
    await rm(folder, { recursive: true });
  });
});
