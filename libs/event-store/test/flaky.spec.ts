import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import { eventStoreCases, flaky, samples, streamOf } from '@anamnesis/event-store/contract';
import { openEmbedded } from './open-embedded.ts';

describe('a flaky store', () => {
  const fault = new Fault('store-unavailable', 'The event log cannot be reached.', { retryable: true });
  let opened: Awaited<ReturnType<typeof openEmbedded>>;
  beforeEach(async () => void (opened = await openEmbedded()));
  afterEach(() => opened.cleanup());

  it('fails before a call takes effect', async () => {
    const store = flaky(opened.store, ({ index }) => (index === 0 ? { failBefore: fault } : undefined));
    const stream = streamOf();
    const write = { stream, expected: 'none' as const, events: samples(1) };
    await expect(store.append(write)).rejects.toBe(fault);
    await expect(store.append({ ...write, expected: 0 })).resolves.toEqual({
      ok: false,
      conflict: { stream, actual: 'none' },
    });
  });

  it('fails after a call took effect, so that its outcome is unknown; a repeat tells it', async () => {
    const store = flaky(opened.store, ({ method, index }) =>
      method === 'appendAll' && index === 0 ? { failAfter: fault } : undefined,
    );
    const write = { stream: streamOf(), expected: 'none' as const, events: samples(2) };
    await expect(store.appendAll([write])).rejects.toBe(fault);
    await expect(store.appendAll([write])).resolves.toMatchObject({ ok: true, position: 2 });
    await expect(store.head()).resolves.toBe(2);
  });

  it('delays a call and counts each method by itself', async () => {
    const calls: string[] = [];
    const store = flaky(opened.store, ({ method, index }) => {
      calls.push(`${method} ${index}`);
      return { delayMs: 1 };
    });
    await Promise.all([store.head(), store.readAll(), store.head(), store.positionAt(0), store.readStream(streamOf())]);
    expect(calls.toSorted()).toEqual(['head 0', 'head 1', 'positionAt 0', 'readAll 0', 'readStream 0']);
  });

  it('is the store itself when nothing befalls it', async () => {
    const store = flaky(opened.store, () => undefined);
    const whole = eventStoreCases.find(({ name }) => name === 'a batch with one conflict stores nothing')!;
    await whole.run({ store, cleanup: opened.cleanup });
  });
});
