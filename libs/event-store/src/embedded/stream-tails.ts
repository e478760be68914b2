import type { Revision } from '@anamnesis/kernel';

/** Where a stream ends. */
export interface StreamTail {
  /** The interned id; 0 while the stream does not exist. */
  readonly id: number;
  /** -1 while it does not exist. */
  readonly revision: Revision;
  /** The last event's id as `storedIdKey` gives it; empty while there is none. */
  readonly lastEvent: string;
}

/** The tails of the streams written last, at most `capacity` of them. */
export class StreamTails {
  readonly #tails = new Map<string, StreamTail>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(stream: string): StreamTail | undefined {
    return this.#tails.get(stream);
  }

  set(stream: string, tail: StreamTail): void {
    // A Map iterates in the order of insertion, so the first key is the one written longest ago.
    this.#tails.delete(stream);
    this.#tails.set(stream, tail);
    if (this.#tails.size > this.#capacity) this.#tails.delete(this.#tails.keys().next().value!);
  }
}
