import { hash } from 'node:crypto';
import type { TokenIdentity } from './caller.ts';

/**
 * Tokens whose signature was checked, by their SHA-256 (the tokens themselves are not kept), until they expire.
 * The one longest unused makes room.
 */
export class VerifiedTokens {
  readonly #capacity: number;
  readonly #identities = new Map<string, TokenIdentity>();

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#identities.size;
  }

  get(token: string, now: number): TokenIdentity | undefined {
    const key = hash('sha256', token, 'base64');
    const identity = this.#identities.get(key);
    if (identity === undefined) return undefined;
    this.#identities.delete(key);
    if (identity.expiresAt <= now) return undefined;
    this.#identities.set(key, identity); // last in the map's order: most recently used
    return identity;
  }

  add(token: string, identity: TokenIdentity): void {
    if (this.#identities.size >= this.#capacity) this.#identities.delete(this.#identities.keys().next().value!);
    this.#identities.set(hash('sha256', token, 'base64'), identity);
  }
}
