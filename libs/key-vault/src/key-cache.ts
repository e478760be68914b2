import { DATA_CLASSES } from './key-owner.ts';
import type { KeyOwner } from './port.ts';

/**
 * The most recently used keys, unwrapped; at most `capacity` of them.
 *
 * A key that leaves is overwritten with zeros at once. So whoever takes one by `get` uses it before the next `await`
 * and never keeps it; who must keep one takes a copy. (`seal` and `open` refuse a key of zeros, so that a breach of
 * this rule is an error and never a weak seal.) The bytes live outside the garbage-collected heap, where no collector
 * leaves copies behind.
 */
export class KeyCache {
  readonly #capacity: number;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#keys.size;
  }

  get(owner: KeyOwner): Uint8Array | undefined {
    const name = nameOf(owner.subject, owner.dataClass);
    const key = this.#keys.get(name);
    if (key === undefined) return undefined;
    // A map keeps the order of insertion: put back, the key is the youngest.
    this.#keys.delete(name);
    this.#keys.set(name, key);
    return key;
  }

  /** Keeps a copy of the key. */
  set(owner: KeyOwner, key: Uint8Array): void {
    const name = nameOf(owner.subject, owner.dataClass);
    this.#drop(name);
    const kept = new Uint8Array(new ArrayBuffer(key.length));
    kept.set(key);
    this.#keys.set(name, kept);
    if (this.#keys.size > this.#capacity) this.#drop(this.#keys.keys().next().value!);
  }

  /** Drops the keys of one subject, or all. */
  evict(subject?: string): void {
    if (subject !== undefined) {
      for (const dataClass of DATA_CLASSES) this.#drop(nameOf(subject, dataClass));
      return;
    }
    for (const key of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }

  #drop(name: string): void {
    this.#keys.get(name)?.fill(0);
    this.#keys.delete(name);
  }
}

function nameOf(subject: string, dataClass: string): string {
  return `${dataClass}/${subject}`;
}
