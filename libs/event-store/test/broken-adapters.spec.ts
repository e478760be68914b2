import { describe, expect, it } from '@jest/globals';
import { newId } from '@anamnesis/kernel';
import type { EventStore } from '@anamnesis/event-store';
import { eventStoreCases } from '@anamnesis/event-store/contract';
import { openEmbedded } from './open-embedded.ts';

/** What an adapter could do wrong, and the case of the contract that finds it. */
const BREAKS: readonly { flaw: string; found: string; with: (store: EventStore) => Partial<EventStore> }[] = [
  {
    flaw: 'returns a stream in the wrong order',
    found: 'a new stream begins with its events, whole',
    with: (store) => ({ readStream: async (...args) => (await store.readStream(...args)).toReversed() }),
  },
  {
    flaw: 'loses an event and acknowledges it',
    found: 'concurrent appends to many streams are each stored once, in order',
    with: (store) => ({ append: (one) => store.append({ ...one, events: one.events.slice(0, 2) }) }),
  },
  {
    flaw: 'appends a batch write by write',
    found: 'a batch with one conflict stores nothing',
    with: (store) => ({
      async appendAll(writes) {
        let last = await store.appendAll([]);
        for (const one of writes) if (!(last = await store.append(one)).ok) return last;
        return last;
      },
    }),
  },
  {
    flaw: 'shows a batch in parts',
    found: 'no reader ever sees a part of a batch',
    with: (store) => ({
      async appendAll(writes) {
        const results = [];
        for (const one of writes) results.push(await store.append(one));
        return results.at(-1)!;
      },
    }),
  },
  {
    flaw: 'ignores the expected revision',
    found: 'of concurrent writers at one revision exactly one wins',
    with: (store) => ({ append: (one) => store.append({ ...one, expected: 'any' }) }),
  },
  {
    flaw: 'appends what is repeated',
    found: 'a repeated append answers as the first time and appends nothing',
    with: (store) => ({
      append: (one) =>
        store.append({ ...one, expected: 'any', events: one.events.map((event) => ({ ...event, id: newId() })) }),
    }),
  },
  {
    flaw: 'forgets conditions',
    found: 'a write without events is only a condition',
    with: (store) => ({ append: (one) => store.append(one.events.length === 0 ? { ...one, expected: 'any' } : one) }),
  },
  {
    flaw: 'shows a stream as it is now, not as it was',
    found: 'a stream is read as it stood at a position',
    with: (store) => ({
      readStream: (stream, options = {}) => store.readStream(stream, { ...options, upTo: Number.MAX_SAFE_INTEGER }),
    }),
  },
  {
    flaw: 'reads a position again',
    found: 'all events are read both ways, page by page, each once',
    with: (store) => ({
      readAll: (options = {}) =>
        store.readAll(options.direction === 'backwards' ? options : { ...options, from: (options.from ?? 1) - 1 }),
    }),
  },
  {
    flaw: 'finds a prefix anywhere in the name',
    found: 'prefixes choose streams by the beginning of their names',
    with: (store) => ({
      async readAll({ prefixes, ...options } = {}) {
        const events = await store.readAll(options);
        return events.filter(({ stream }) => prefixes?.some((prefix) => stream.includes(prefix)) ?? true);
      },
    }),
  },
  {
    flaw: 'takes the moment before',
    found: 'a moment selects the last position that was committed by then',
    with: (store) => ({ positionAt: (instant) => store.positionAt(instant - 1) }),
  },
  {
    flaw: 'does not wait for the handler',
    found: 'a handler is called again only when its promise has resolved',
    with: (store) => ({
      subscribe: (options, handler) =>
        store.subscribe(options, async (...args) => {
          handler(...args).catch(() => undefined);
        }),
    }),
  },
  {
    flaw: 'goes on after a handler rejected',
    found: 'a handler that rejects ends its subscription with that error',
    with: (store) => ({
      subscribe: (options, handler) => {
        const subscription = store.subscribe(options, (...args) => handler(...args).catch(() => undefined));
        return { ...subscription, ended: Promise.resolve(), stop: () => subscription.stop() };
      },
    }),
  },
  {
    flaw: 'hands the last event over twice when it is taken up again',
    found: 'a subscription begins just after the position it is given',
    with: (store) => ({
      subscribe: (options, handler) => store.subscribe({ ...options, from: Math.max(0, options.from - 1) }, handler),
    }),
  },
];

describe("the event store's contract", () => {
  it.each(BREAKS)('finds an adapter that $flaw', async ({ found, with: broken }) => {
    const broke = eventStoreCases.find(({ name }) => name === found)!;
    const opened = await openEmbedded();
    try {
      await broke.run({ store: opened.store, cleanup: opened.cleanup });
    } finally {
      await opened.cleanup();
    }
    const again = await openEmbedded();
    try {
      const store = { ...passOn(again.store), ...broken(again.store) };
      await expect(broke.run({ store, cleanup: again.cleanup })).rejects.toThrow();
    } finally {
      await again.cleanup();
    }
  });
});

/** The real adapter's methods, bound to it: they reach into private fields. */
function passOn(store: EventStore): EventStore {
  return {
    append: (one) => store.append(one),
    appendAll: (writes) => store.appendAll(writes),
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    head: () => store.head(),
    positionAt: (instant) => store.positionAt(instant),
    subscribe: (options, handler) => store.subscribe(options, handler),
    close: () => store.close(),
  };
}
