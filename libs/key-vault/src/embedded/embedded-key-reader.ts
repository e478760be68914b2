import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';
import { KeyCache } from '../key-cache.ts';
import { keyDestroyed } from '../key-faults.ts';
import type { WrapOwner } from '../key-encryption.ts';
import { HASH_SECRET, KeyedHash } from '../keyed-hash.ts';
import type { KeyOwner, KeyReader } from '../port.ts';
import { keyFilePath, openToRead } from './database.ts';
import { PolledEpoch, SharedEpoch, type Epoch } from './epoch.ts';
import { FileKeyEncryption } from './file-key-encryption.ts';
import { vaultFault } from './sqlite-fault.ts';

export interface KeyReaderOptions {
  /** The data folder; the vault lies in its `keys/`. */
  readonly folder: string;
  /** How many unwrapped keys are kept in memory; default 50,000. */
  readonly cacheSize?: number;
}

export const DEFAULT_CACHE_SIZE = 50_000;

interface KeyRow {
  readonly kek: number | null;
  readonly wrapped: Uint8Array | null;
}

/** Reads keys of the embedded vault, in any thread or process; sees at once what the vault makes and destroys. */
export class EmbeddedKeyReader implements KeyReader {
  readonly #db: DatabaseSync;
  readonly #find: ReturnType<DatabaseSync['prepare']>;
  readonly #encryption: FileKeyEncryption;
  readonly #cache: KeyCache;
  readonly #epoch: Epoch;
  readonly #hash: KeyedHash;
  #seen: number;
  #closed = false;

  private constructor(db: DatabaseSync, encryption: FileKeyEncryption, epoch: Epoch, cacheSize: number) {
    this.#db = db;
    this.#find = db.prepare('SELECT kek, wrapped FROM data_key WHERE subject = ? AND class = ?');
    this.#encryption = encryption;
    this.#cache = new KeyCache(cacheSize);
    this.#epoch = epoch;
    this.#seen = epoch.current();
    this.#hash = new KeyedHash(this.#secret());
  }

  /** Throws `Fault` `vault-unavailable` where no vault was ever opened to write, `vault-key-wrong`. */
  static async open({ folder, cacheSize = DEFAULT_CACHE_SIZE }: KeyReaderOptions): Promise<EmbeddedKeyReader> {
    let db: DatabaseSync | undefined;
    try {
      db = openToRead(folder);
      const encryption = await FileKeyEncryption.open(keyFilePath(folder), { create: false });
      return new EmbeddedKeyReader(db, encryption, SharedEpoch.inherited(folder) ?? new PolledEpoch(db), cacheSize);
    } catch (error) {
      db?.close();
      throw vaultFault(error);
    }
  }

  /** The cache's own bytes: use them before the next `await`, never keep them. */
  cached(owner: KeyOwner): Uint8Array | undefined {
    this.#notice();
    return this.#cache.get(owner);
  }

  /** A copy, the caller's to hold. */
  get(owner: KeyOwner): Promise<Uint8Array | undefined> {
    try {
      return Promise.resolve(this.read(owner));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** `get` without a promise: what SQLite and the file hold is there at once. */
  read(owner: KeyOwner): Uint8Array | undefined {
    const hit = this.cached(owner);
    if (hit) return hit.slice();
    if (this.#closed) throw new Fault('stopping', 'The key vault is closed.');
    try {
      const key = this.#unwrap(owner);
      if (key) this.#cache.set(owner, key);
      return key;
    } catch (error) {
      throw vaultFault(error);
    }
  }

  /** Keeps a copy of a key that the vault just made. */
  keep(owner: KeyOwner, key: Uint8Array): void {
    this.#cache.set(owner, key);
  }

  evict(subject?: string): void {
    this.#cache.evict(subject);
  }

  /** As the vault's own: the same text has the same name in every thread. */
  keyedHash(purpose: string, text: string): string {
    return this.#hash.of(purpose, text);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cache.evict();
    this.#db.close();
  }

  /** Whose key was destroyed is not told, so all go; destruction is rare and a key is back in microseconds. */
  #notice(): void {
    if (this.#closed) return;
    const now = epochOf(this.#epoch);
    if (now === this.#seen) return;
    this.#seen = now;
    this.#cache.evict();
  }

  #unwrap(owner: WrapOwner): Uint8Array | undefined {
    const row = this.#find.get(owner.subject, owner.dataClass) as KeyRow | undefined;
    if (!row) return undefined;
    if (row.wrapped === null || row.kek === null) throw keyDestroyed();
    return this.#encryption.unwrap(owner, { version: row.kek, bytes: row.wrapped });
  }

  #secret(): Uint8Array {
    const secret = this.#unwrap(HASH_SECRET);
    if (!secret) throw new Fault('vault-unavailable', 'There is no key vault in the data folder.');
    return secret;
  }
}

function epochOf(epoch: Epoch): number {
  try {
    return epoch.current();
  } catch (error) {
    throw vaultFault(error);
  }
}

/** Opens the reading side of the embedded vault; the vault must have been opened once before. */
export function openEmbeddedKeyReader(options: KeyReaderOptions): Promise<EmbeddedKeyReader> {
  return EmbeddedKeyReader.open(options);
}
