import type { RawEvent } from './raw.ts';

const MAX_EVENTS = 20_000;
const MAX_BYTES = 32 * 1024 * 1024;

interface Held {
  readonly events: Map<number, RawEvent>;
  bytes: number;
}

/**
 * Intents that a reader of $all came by before their commit record, so that it need not read them again. Bounded:
 * what was dropped, and what was never seen because the reader began in between, is read by the record's list.
 */
export class Intents {
  readonly #batches = new Map<string, Held>();
  #events = 0;
  #bytes = 0;

  hold(event: RawEvent): void {
    const { id, index } = event.envelope!.batch!;
    const held = this.#batches.get(id) ?? { events: new Map<number, RawEvent>(), bytes: 0 };
    if (held.events.has(index)) return;
    this.#batches.set(id, held);
    held.events.set(index, event);
    held.bytes += event.data.byteLength;
    this.#events += 1;
    this.#bytes += event.data.byteLength;
    while (this.#events > MAX_EVENTS || this.#bytes > MAX_BYTES) this.take(this.#batches.keys().next().value!);
  }

  /** Hands over what is held of a batch that is decided. */
  take(batch: string): ReadonlyMap<number, RawEvent> | undefined {
    const held = this.#batches.get(batch);
    if (!held) return undefined;
    this.#batches.delete(batch);
    this.#events -= held.events.size;
    this.#bytes -= held.bytes;
    return held.events;
  }
}
