import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** The owner of the vault's own secret; `secret` is no data class, so nobody can ask for it or destroy it. */
export const HASH_SECRET = { subject: 'keyed-hash', dataClass: 'secret' } as const;

/**
 * HMAC-SHA-256 (RFC 2104) of a text for a purpose, in hex. The purpose's length stands first, so that no two pairs of
 * purpose and text give the same bytes.
 */
export class KeyedHash {
  readonly #secret: KeyObject;

  constructor(secret: Uint8Array) {
    this.#secret = createSecretKey(secret);
  }

  of(purpose: string, text: string): string {
    return createHmac('sha256', this.#secret).update(`${purpose.length}:${purpose}${text}`, 'utf8').digest('hex');
  }
}
