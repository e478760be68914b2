import type { Fault } from '@anamnesis/kernel';
import type { KeyOwner } from './port.ts';

/** A data key as it is stored: encrypted under one version of the key-encryption key. */
export interface WrappedKey {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Whose key is wrapped; the vault's own secrets have classes that no event can have. */
export type WrapOwner = Omit<KeyOwner, 'dataClass'> & { readonly dataClass: string };

/** One of many keys to wrap at once. */
export interface PlainKey {
  readonly owner: WrapOwner;
  readonly key: Uint8Array;
}

/** One of many keys to unwrap at once. */
export interface OwnedWrappedKey {
  readonly owner: WrapOwner;
  readonly wrapped: WrappedKey;
}

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
  /** `wrap` for many in one round trip, where there is one; in their order. */
  wrapAll?(keys: readonly PlainKey[]): Soon<readonly WrappedKey[]>;
  /** `unwrap` for many in one round trip; in their order, with the fault of each that does not unwrap. */
  unwrapAll?(keys: readonly OwnedWrappedKey[]): Soon<readonly (Uint8Array | Fault)[]>;
  /**
   * Another process made `version` the current one: wraps under it or a later one from now on, if it can.
   * Whoever needs to know looks at the version of what was wrapped.
   */
  reach?(version: number): Soon<void>;
  /** Makes a new current version, durable when it resolves; earlier ones stay. */
  rotate(): Soon<number>;
  /** Forgets every version before `version`: nothing is wrapped under them any more. */
  retireBefore(version: number): Soon<void>;
}
