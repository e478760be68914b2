import { Fault, type DataClass } from '@anamnesis/kernel';
import { Batches } from '../batches.ts';
import { keyDestroyed, keyVaultClosed } from '../key-faults.ts';
import type { KeyEncryption } from '../key-encryption.ts';
import { HASH_SECRET } from '../keyed-hash.ts';
import { DATA_CLASSES } from '../key-owner.ts';
import { nameOfOwner } from '../owner-name.ts';
import type { KeyOwner, KeyVault } from '../port.ts';
import { KeyMaker } from './key-maker.ts';
import { KeySource, type FoundKey } from './key-source.ts';
import { MongoKeyReader, type MongoKeyReaderOptions } from './mongo-key-reader.ts';
import { rotateKeys } from './rotation.ts';
import { VaultDatabase } from './vault-database.ts';

export interface MongoKeyVaultOptions extends MongoKeyReaderOptions {
  /**
   * Milliseconds that a rotation waits at least before it retires earlier versions, so that keys which other processes
   * wrapped just before it began are stored and seen; default 10,000.
   */
  readonly settleMs?: number;
}

const DEFAULT_SETTLE_MS = 10_000;
const ENSURES = { size: 250, atOnce: 2, waiting: 20_000 };
const DESTROYS = { size: 50, atOnce: 1, waiting: 20_000 };

interface Destruction {
  readonly subject: string;
  readonly classes: readonly DataClass[];
}

/**
 * The vault of the cluster profile: wrapped data keys in MongoDB, shared by any number of processes; the database must
 * have been prepared by `prepareKeyVault`. Exactly one key is ever made for an owner, whoever asks where, and none
 * after it was destroyed. A database or a holder of the key-encryption key that does not answer is a
 * `vault-unavailable`; keys in the cache are served on while the database answers.
 */
export class MongoKeyVault implements KeyVault {
  /** No owner had a key, nor a tombstone, when the vault was opened. */
  readonly made: boolean;
  readonly #database: VaultDatabase;
  readonly #encryption: KeyEncryption;
  readonly #settleMs: number;
  readonly #reader: MongoKeyReader;
  readonly #ensures: Batches<KeyOwner, Uint8Array | 'destroyed'>;
  readonly #destroys: Batches<Destruction, undefined>;
  /** Keys on their way, by owner: who asks for the same one meanwhile gets the same answer. */
  readonly #wanted = new Map<string, Promise<Uint8Array>>();
  readonly #ending = new AbortController();
  readonly #rotations = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  private constructor(reader: MongoKeyReader, database: VaultDatabase, made: boolean, options: MongoKeyVaultOptions) {
    this.made = made;
    this.#reader = reader;
    this.#database = database;
    this.#encryption = options.encryption;
    this.#settleMs = options.settleMs ?? DEFAULT_SETTLE_MS;
    const maker = new KeyMaker(database, options.encryption, () => reader.watch);
    this.#ensures = new Batches((owners) => maker.ensure(owners), ENSURES);
    this.#destroys = new Batches((asked) => this.#destroy(asked), DESTROYS);
  }

  /**
   * Opens a prepared vault, and proves that each version in use unwraps. Throws `Fault` `vault-key-wrong`,
   * `vault-unavailable`.
   */
  static async open(options: MongoKeyVaultOptions): Promise<MongoKeyVault> {
    const database = await VaultDatabase.open(options);
    try {
      const made = await database.isEmpty();
      await makeSecret(database, options.encryption);
      await settleVersion(database, options.encryption, await proveVersions(database, options.encryption));
      const reader = await MongoKeyReader.over(database, options);
      return new MongoKeyVault(reader, database, made, options);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /**
   * Whether no owner ever had a key or a tombstone, now. Read after the log's head: a log with events beside an empty
   * vault has lost its own, whichever process came first and however often it starts.
   */
  isEmpty(): Promise<boolean> {
    return this.#database.isEmpty();
  }

  /** The cache's own bytes: use them before the next `await`, never keep them. */
  cached(owner: KeyOwner): Uint8Array | undefined {
    return this.#reader.cached(owner);
  }

  /** A copy, the caller's to hold. */
  get(owner: KeyOwner): Promise<Uint8Array | undefined> {
    return this.#reader.get(owner);
  }

  /** A copy, the caller's to hold; who asks at the same time for the same key shares it. */
  async ensure(owner: KeyOwner): Promise<Uint8Array> {
    this.#refuseWhenClosed();
    const cached = this.#reader.cached(owner);
    if (cached) return cached.slice();
    const name = nameOfOwner(owner);
    const underWay = this.#wanted.get(name);
    if (underWay) return underWay;
    const wanted = this.#ensure(owner);
    this.#wanted.set(name, wanted);
    try {
      return await wanted;
    } finally {
      this.#wanted.delete(name);
    }
  }

  async destroy(subject: string, classes: readonly DataClass[] = DATA_CLASSES): Promise<void> {
    this.#refuseWhenClosed();
    try {
      await this.#destroys.run({ subject, classes });
    } finally {
      // Also when the call failed: the keys may be gone nevertheless.
      this.#reader.watch.drop(subject);
    }
  }

  async rotate(
    progress?: (done: number, total: number) => void,
  ): Promise<{ readonly version: number; readonly rewrapped: number }> {
    this.#refuseWhenClosed();
    const rotation = rotateKeys({
      database: this.#database,
      encryption: this.#encryption,
      watch: this.#reader.watch,
      settleMs: this.#settleMs,
      progress,
      signal: this.#ending.signal,
    });
    this.#rotations.add(rotation);
    try {
      return await rotation;
    } finally {
      this.#rotations.delete(rotation);
    }
  }

  keyedHash(purpose: string, text: string): string {
    return this.#reader.keyedHash(purpose, text);
  }

  evict(subject?: string): void {
    this.#reader.evict(subject);
  }

  /** Keys on their way are still made; a rotation stops where it is, and the next one finishes it. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#wanted.values());
    await this.#destroys.idle();
    await Promise.allSettled(this.#rotations);
    await this.#reader.close();
  }

  async #ensure(owner: KeyOwner): Promise<Uint8Array> {
    const known = await this.#reader.known(owner);
    if (known) return known;
    return this.#reader.keepIfCurrent(owner, async () => {
      const key = await this.#ensures.run(owner);
      if (key === 'destroyed') throw keyDestroyed();
      return key;
    });
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw keyVaultClosed();
  }

  /** Announced even where nothing stood any more: whoever buried it may have ended before it could tell. */
  async #destroy(asked: readonly Destruction[]): Promise<undefined[]> {
    const names = asked.flatMap(({ subject, classes }) =>
      classes.map((dataClass) => nameOfOwner({ subject, dataClass })),
    );
    await this.#database.bury([...new Set(names)]);
    const at = performance.now();
    const state = await this.#database.announce(asked.map(({ subject }) => subject));
    this.#reader.watch.learn(state, at);
    return asked.map(() => undefined);
  }
}

/** The vault's own secret; of all who open a new vault at once, one makes it. */
async function makeSecret(database: VaultDatabase, encryption: KeyEncryption): Promise<void> {
  const { kek } = await database.state();
  const maker = new KeyMaker(database, encryption, () => ({ kek, refresh: () => database.state() }));
  const [secret] = await maker.ensure([HASH_SECRET]);
  if (secret instanceof Fault) throw secret;
}

/** The newest version in use. Throws `Fault` `vault-key-wrong` when a key of any version in use does not unwrap. */
async function proveVersions(database: VaultDatabase, encryption: KeyEncryption): Promise<number> {
  const source = new KeySource(database, encryption);
  let newest = 0;
  for await (const stored of database.oneOfEachVersion()) {
    const [key] = (await source.unwrap([stored])) as [FoundKey];
    if (key instanceof Fault) throw key;
    newest = stored.wrapped.version;
  }
  return newest;
}

/** In a new vault the version that wrapped its own secret comes into force; later ones do by rotations alone. */
async function settleVersion(database: VaultDatabase, encryption: KeyEncryption, inUse: number): Promise<void> {
  const { kek } = await database.state();
  const { kek: settled } = kek > 0 ? { kek } : await database.bringIntoForce(inUse);
  await encryption.reach?.(settled);
}
