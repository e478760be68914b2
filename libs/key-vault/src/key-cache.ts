import { DATA_CLASSES } from './key-owner.ts';
import type { KeyOwner } from './port.ts';

interface Entry {
  readonly key: Uint8Array;
  /** Asked for since it was last considered for leaving. */
  used: boolean;
}

/**
 * Unwrapped keys, at most `capacity` of them; the ones that were used lately stay ("second chance": who is next to
 * leave, but was used, goes to the end of the queue once more). A hit writes one bit and moves nothing: moving one hot
 * key in a large `Map` at every hit, as a plain least-recently-used list does, costs tens of microseconds each.
 *
 * A key that leaves is overwritten with zeros at once. So whoever takes one by `get` uses it before the next `await`
 * and never keeps it; who must keep one takes a copy. (`seal` and `open` refuse a key of zeros, so that a breach of
 * this rule is an error and never a weak seal.) The bytes live outside the garbage-collected heap, where no collector
 * leaves copies behind.
 */
export class KeyCache {
  readonly #capacity: number;
  readonly #keys = new Map<string, Entry>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#keys.size;
  }

  get(owner: KeyOwner): Uint8Array | undefined {
    const entry = this.#keys.get(nameOf(owner.subject, owner.dataClass));
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.key;
  }

  /** Keeps a copy of the key. */
  set(owner: KeyOwner, key: Uint8Array): void {
    const name = nameOf(owner.subject, owner.dataClass);
    this.#drop(name);
    if (this.#keys.size >= this.#capacity) this.#makeRoom();
    const kept = new Uint8Array(new ArrayBuffer(key.length));
    kept.set(key);
    this.#keys.set(name, { key: kept, used: false });
  }

  /** Drops the keys of one subject, or all. */
  evict(subject?: string): void {
    if (subject !== undefined) {
      for (const dataClass of DATA_CLASSES) this.#drop(nameOf(subject, dataClass));
      return;
    }
    for (const { key } of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }

  /** Ends, because each entry that is passed over has lost its bit when it is met again. */
  #makeRoom(): void {
    for (const [name, entry] of this.#keys) {
      if (!entry.used) return this.#drop(name);
      entry.used = false;
      this.#keys.delete(name);
      this.#keys.set(name, entry); // a map keeps the order of insertion, and this loop comes by again
    }
  }

  #drop(name: string): void {
    this.#keys.get(name)?.key.fill(0);
    this.#keys.delete(name);
  }
}

function nameOf(subject: string, dataClass: string): string {
  return `${dataClass}/${subject}`;
}
