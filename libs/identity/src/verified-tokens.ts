import { hash } from 'node:crypto';
import type { TokenIdentity } from './caller.ts';

/**
 * Tokens whose signature was checked, by their SHA-256 (the tokens themselves are not kept), until they expire.
 * The one longest unused makes room.
 */
export class VerifiedTokens<T extends { readonly expiresAt: number } = TokenIdentity> {
  readonly #capacity: number;
  readonly #known = new Map<string, T>();

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#known.size;
  }

  get(token: string, now: number): T | undefined {
    const key = hash('sha256', token, 'base64');
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    this.#known.delete(key);
    if (known.expiresAt <= now) return undefined;
    this.#known.set(key, known); // last in the map's order: most recently used
    return known;
  }

  add(token: string, known: T): void {
    if (this.#known.size >= this.#capacity) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(hash('sha256', token, 'base64'), known);
  }
}
