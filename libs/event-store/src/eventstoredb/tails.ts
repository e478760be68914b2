import type { Revision } from '@anamnesis/kernel';
import { NOTHING } from './raw.ts';

/**
 * The end of a stream at some moment when no undecided intent stood in it. It stays true for what it says: the log
 * only grows, so an append just above `raw` that succeeds proves that nothing came in between.
 */
export interface Tail {
  /** The last raw revision, hidden events included. */
  readonly raw: Revision;
  /** The last revision that readers see. */
  readonly visible: Revision;
  /** The logical id of the event at `visible`; empty while there is none. */
  readonly lastId: string;
}

export const EMPTY: Tail = { raw: NOTHING, visible: NOTHING, lastId: '' };

/** The tails of the streams used last, at most `capacity` of them. A stale one costs a refused append, no more. */
export class Tails {
  readonly #tails = new Map<string, Tail>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(stream: string): Tail | undefined {
    return this.#tails.get(stream);
  }

  set(stream: string, tail: Tail): void {
    if (tail.raw < (this.#tails.get(stream)?.raw ?? NOTHING)) return;
    // A Map iterates in the order of insertion, so the first key is the one used longest ago.
    this.#tails.delete(stream);
    this.#tails.set(stream, tail);
    if (this.#tails.size > this.#capacity) this.#tails.delete(this.#tails.keys().next().value!);
  }

  forget(stream: string): void {
    this.#tails.delete(stream);
  }
}
