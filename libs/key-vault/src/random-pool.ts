import { randomFillSync } from 'node:crypto';

/**
 * Cryptographic randomness drawn in bulk: one system call for hundreds of nonces or keys.
 * What was handed out is wiped from the pool.
 */
export class RandomPool {
  readonly #bytes: Uint8Array;
  #used: number;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#used = size;
  }

  /** Fills `length` bytes of `target` from `offset` on. */
  fill(target: Uint8Array, offset = 0, length = target.length - offset): void {
    if (this.#used + length > this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += length;
    target.set(this.#bytes.subarray(from, this.#used), offset);
    this.#bytes.fill(0, from, this.#used);
  }
}
