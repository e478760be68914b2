import type { KeyOwner } from './port.ts';

/** A data key as it is stored: encrypted under one version of the key-encryption key. */
export interface WrappedKey {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Whose key is wrapped; the vault's own secrets have classes that no event can have. */
export type WrapOwner = Omit<KeyOwner, 'dataClass'> & { readonly dataClass: string };

type Soon<T> = T | Promise<T>;

/**
 * Who holds the key-encryption key. A file answers at once; a key management service answers with promises.
 * Subject, class and version are bound to the wrapped bytes: a row moved to another owner does not unwrap.
 * Errors: `Fault` `vault-key-wrong` (the key that is needed is not there, or is another one), `vault-unavailable`.
 */
export interface KeyEncryption {
  /** Wraps under the current version. */
  wrap(owner: WrapOwner, key: Uint8Array): Soon<WrappedKey>;
  unwrap(owner: WrapOwner, wrapped: WrappedKey): Soon<Uint8Array>;
  /** Makes a new current version, durable when it resolves; earlier ones stay. */
  rotate(): Soon<number>;
  /** Forgets every version before `version`: nothing is wrapped under them any more. */
  retireBefore(version: number): Soon<void>;
}
