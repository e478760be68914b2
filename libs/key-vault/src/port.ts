import type { DataClass } from '@anamnesis/kernel';

/** Whose key: a patient by opaque id, an organisation (`organisation-<uuid>`), the network, or a month of access records. */
export interface KeyOwner {
  /** A patient's opaque UUID, `organisation-<uuid>`, `network`, or `audit-<yyyy-mm>`. */
  readonly subject: string;
  readonly dataClass: DataClass;
}

/**
 * Data keys, wrapped at rest by a key-encryption key. Reading sides may be opened in any thread.
 * Errors: `Fault` `vault-unavailable` (retryable), `vault-key-wrong`, `key-destroyed`.
 */
export interface KeyReader {
  /**
   * The unwrapped data key, 32 bytes; undefined when none was ever made.
   * Throws `key-destroyed` when it was destroyed. Synchronous on a cache hit in every adapter: see `cached`.
   */
  get(owner: KeyOwner): Promise<Uint8Array | undefined>;
  /** The key if it is in the bounded cache; undefined says nothing about whether it exists. */
  cached(owner: KeyOwner): Uint8Array | undefined;
  /** Drops cached keys of a subject (of all, when not given). */
  evict(subject?: string): void;
  close(): Promise<void>;
}

export interface KeyVault extends KeyReader {
  /** The key, made and durable if there was none. Never makes one for a destroyed owner: throws `key-destroyed`. */
  ensure(owner: KeyOwner): Promise<Uint8Array>;
  /** Destroys every key of the subject, or those of the classes given, for ever; idempotent; durable and scrubbed when it resolves. */
  destroy(subject: string, classes?: readonly DataClass[]): Promise<void>;
  /** Rewraps every data key under a new version of the key-encryption key. Touches no event. */
  rotate(
    progress?: (done: number, total: number) => void,
  ): Promise<{ readonly version: number; readonly rewrapped: number }>;
  /** A keyed hash (HMAC-SHA-256, the vault's own secret) as hex: for names that must not carry what they are made from. */
  keyedHash(purpose: string, text: string): string;
}
