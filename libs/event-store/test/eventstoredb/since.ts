import type { Position } from '@anamnesis/kernel';
import type { EventStore } from '@anamnesis/event-store';

/** A store that others have written to, as if its log began after `start`: the contract's cases want an empty one. */
export function since(store: EventStore, start: Position): EventStore {
  const above = (position: Position): Position => (position > start ? position : 0);
  return {
    append: (write) => store.append(write),
    async appendAll(writes) {
      const result = await store.appendAll(writes);
      return result.ok ? { ...result, position: above(result.position) } : result;
    },
    readStream: (stream, options) => store.readStream(stream, options),
    async readAll(options = {}) {
      if (options.direction !== 'backwards') {
        return store.readAll({ ...options, from: Math.max(options.from ?? start, start) });
      }
      return (await store.readAll(options)).filter(({ position }) => position > start);
    },
    head: async () => above(await store.head()),
    positionAt: async (instant) => above(await store.positionAt(instant)),
    subscribe: (options, handler) => store.subscribe({ ...options, from: Math.max(options.from, start) }, handler),
    close: () => store.close(),
  };
}
