import { Fault } from '@anamnesis/kernel';
import { Batches } from '../batches.ts';
import { KeyCache } from '../key-cache.ts';
import { keyDestroyed, keyVaultClosed } from '../key-faults.ts';
import type { KeyEncryption } from '../key-encryption.ts';
import { HASH_SECRET, KeyedHash } from '../keyed-hash.ts';
import type { KeyOwner, KeyReader } from '../port.ts';
import type { KeyDatabaseOptions } from './connection.ts';
import { KeySource, type FoundKey } from './key-source.ts';
import { StateWatch } from './state-watch.ts';
import { VaultDatabase } from './vault-database.ts';

export interface MongoKeyReaderOptions extends KeyDatabaseOptions {
  /** Who holds the key-encryption key. Stays the caller's to close. */
  readonly encryption: KeyEncryption;
  /** How many unwrapped keys are kept in memory; default 50,000. */
  readonly cacheKeys?: number;
  /**
   * Milliseconds after which no process uses a destroyed key any more; default 1,000. A process that the database did
   * not answer for so long uses no cached keys until it does.
   */
  readonly evictWithinMs?: number;
}

const DEFAULT_CACHE_KEYS = 50_000;
const DEFAULT_EVICT_WITHIN_MS = 1_000;
const READS = { size: 200, atOnce: 4, waiting: 20_000 };
const MOST_TRIES = 5;

/** Reads keys of a vault in MongoDB, in any thread or process. */
export class MongoKeyReader implements KeyReader {
  readonly #database: VaultDatabase;
  readonly #source: KeySource;
  readonly #cache: KeyCache;
  readonly #watch: StateWatch;
  readonly #hash: KeyedHash;
  readonly #reads: Batches<KeyOwner, Exclude<FoundKey, Fault>>;
  #closed: Promise<void> | undefined;

  private constructor(
    database: VaultDatabase,
    source: KeySource,
    cache: KeyCache,
    watch: StateWatch,
    secret: Uint8Array,
  ) {
    this.#database = database;
    this.#source = source;
    this.#cache = cache;
    this.#watch = watch;
    this.#hash = new KeyedHash(secret);
    this.#reads = new Batches((owners) => this.#source.find(owners), READS);
  }

  /** Throws `Fault` `vault-unavailable` where no vault was ever opened to write, `vault-key-wrong`. */
  static async open(options: MongoKeyReaderOptions): Promise<MongoKeyReader> {
    const database = await VaultDatabase.open(options);
    try {
      return await MongoKeyReader.over(database, options);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** The reading side over a database that is open; closes it when it is closed. */
  static async over(database: VaultDatabase, options: MongoKeyReaderOptions): Promise<MongoKeyReader> {
    const { encryption, cacheKeys = DEFAULT_CACHE_KEYS, evictWithinMs = DEFAULT_EVICT_WITHIN_MS } = options;
    const source = new KeySource(database, encryption);
    const [secret] = await source.find([HASH_SECRET]);
    if (secret instanceof Fault) throw secret;
    if (!(secret instanceof Uint8Array)) {
      throw new Fault('vault-unavailable', 'There is no key vault in the database: nobody opened it to write yet.');
    }
    const cache = new KeyCache(cacheKeys);
    const watch = await StateWatch.start({
      database: options,
      boundMs: evictWithinMs,
      read: () => database.state(),
      destroyed: (subject) => cache.evict(subject),
    });
    return new MongoKeyReader(database, source, cache, watch, secret);
  }

  /** What this side knows of the vault's state. */
  get watch(): StateWatch {
    return this.#watch;
  }

  /** The cache's own bytes: use them before the next `await`, never keep them. */
  cached(owner: KeyOwner): Uint8Array | undefined {
    return this.#watch.fresh ? this.#cache.get(owner) : undefined;
  }

  /** A copy, the caller's to hold. */
  async get(owner: KeyOwner): Promise<Uint8Array | undefined> {
    const known = await this.known(owner);
    if (known) return known;
    return this.keepIfCurrent(owner, async () => {
      const found = await this.#reads.run(owner);
      if (found === 'destroyed') throw keyDestroyed();
      return found;
    });
  }

  /** A copy of the key if it is in the cache and was not destroyed. Asks the database only when that is not known. */
  async known(owner: KeyOwner): Promise<Uint8Array | undefined> {
    if (this.#closed) throw keyVaultClosed();
    if (!this.#watch.fresh && this.#cache.get(owner)) await this.#watch.refresh();
    return this.#cache.get(owner)?.slice();
  }

  /** Caches what `read` answers, and reads again when keys were destroyed meanwhile: it may have been this one. */
  async keepIfCurrent<K extends Uint8Array | undefined>(owner: KeyOwner, read: () => Promise<K>): Promise<K> {
    for (let tries = 1; ; tries++) {
      const { generation } = this.#watch;
      const key = await read();
      if (this.#watch.generation === generation) {
        if (key && !this.#closed) this.#cache.set(owner, key);
        return key;
      }
      // So many are destroyed that no read gets through between two: the last one's answer holds, uncached.
      if (tries === MOST_TRIES) return key;
    }
  }

  evict(subject?: string): void {
    this.#cache.evict(subject);
  }

  /** As the vault's own: the same text has the same name in every process. */
  keyedHash(purpose: string, text: string): string {
    return this.#hash.of(purpose, text);
  }

  /** Reads on their way are still answered. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#watch.stop();
    this.#cache.evict();
    await this.#reads.idle();
    await this.#database.close();
  }
}
