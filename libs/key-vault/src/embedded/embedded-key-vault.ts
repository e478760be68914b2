import { Fault, type DataClass } from '@anamnesis/kernel';
import { ensureFolder } from '../durable-file.ts';
import { keyDestroyed } from '../key-faults.ts';
import { DATA_CLASSES } from '../key-owner.ts';
import type { KeyOwner, KeyVault } from '../port.ts';
import { keysFolder } from './database.ts';
import { EmbeddedKeyReader, type KeyReaderOptions } from './embedded-key-reader.ts';
import { SharedEpoch } from './epoch.ts';
import { vaultFault } from './sqlite-fault.ts';
import { VaultClient } from './vault-client.ts';

export type KeyVaultOptions = KeyReaderOptions;

/** More keys than this on their way at once are refused as `overloaded`. */
const MOST_WAITING = 20_000;

interface WantedKey {
  readonly owner: KeyOwner;
  readonly resolve: (key: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The embedded vault: a key-encryption key in a file, wrapped data keys in SQLite, both in `keys/` of the data folder.
 * Reading happens in the calling thread, writing and its syncs in a thread of the vault's own.
 */
export class EmbeddedKeyVault implements KeyVault {
  readonly #client: VaultClient;
  readonly #reader: EmbeddedKeyReader;
  readonly #epoch: SharedEpoch;
  /** Keys on their way, by owner: who asks for the same one meanwhile gets the same answer. */
  readonly #wanted = new Map<string, Promise<Uint8Array>>();
  /** Those of them that this turn of the loop has gathered. */
  #gathered: WantedKey[] = [];
  #closed: Promise<void> | undefined;

  private constructor(client: VaultClient, reader: EmbeddedKeyReader, epoch: SharedEpoch) {
    this.#client = client;
    this.#reader = reader;
    this.#epoch = epoch;
  }

  /**
   * Opens the vault of a data folder, and makes it at first start. Throws `Fault` `vault-key-wrong` when the
   * key-encryption key is missing, open to others, or not the one that wrapped the keys; `vault-unavailable`.
   */
  static async open(options: KeyVaultOptions): Promise<EmbeddedKeyVault> {
    try {
      await ensureFolder(keysFolder(options.folder));
      const epoch = SharedEpoch.publish(options.folder);
      const client = await VaultClient.start(options.folder);
      try {
        return new EmbeddedKeyVault(client, await EmbeddedKeyReader.open(options), epoch);
      } catch (error) {
        await client.close();
        throw error;
      }
    } catch (error) {
      throw vaultFault(error);
    }
  }

  /** There was no vault in the folder before. A log that has events already has then lost its own. */
  get made(): boolean {
    return this.#client.made;
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
  ensure(owner: KeyOwner): Promise<Uint8Array> {
    try {
      const known = this.#reader.read(owner);
      if (known) return Promise.resolve(known);
      return this.#wanted.get(nameOf(owner)) ?? this.#want(owner);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async destroy(subject: string, classes: readonly DataClass[] = DATA_CLASSES): Promise<void> {
    const owners = classes.flatMap((dataClass) => [subject, dataClass]);
    try {
      await this.#client.call({ kind: 'destroy', owners });
    } finally {
      // Also when the call failed: the keys may be gone nevertheless.
      this.#epoch.bump();
    }
  }

  async rotate(
    progress?: (done: number, total: number) => void,
  ): Promise<{ readonly version: number; readonly rewrapped: number }> {
    const { version, rewrapped } = await this.#client.call({ kind: 'rotate' }, progress);
    return { version, rewrapped };
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
    this.#flush();
    await this.#client.close();
    await this.#reader.close();
  }

  #want(owner: KeyOwner): Promise<Uint8Array> {
    if (this.#wanted.size >= MOST_WAITING) {
      throw new Fault('overloaded', 'Too many keys are being made at once.', { retryable: true });
    }
    const made = new Promise<Uint8Array>((resolve, reject) => this.#gathered.push({ owner, resolve, reject }));
    this.#wanted.set(nameOf(owner), made);
    // All that is asked for in this turn of the loop goes to the thread as one message.
    if (this.#gathered.length === 1) queueMicrotask(() => this.#flush());
    return made;
  }

  #flush(): void {
    const wanted = this.#gathered;
    if (wanted.length === 0) return;
    this.#gathered = [];
    const owners = wanted.flatMap(({ owner }) => [owner.subject, owner.dataClass]);
    this.#client.call({ kind: 'ensure', owners }).then(
      ({ keys, destroyed }) => this.#made(wanted, keys, new Set(destroyed)),
      (error: unknown) => this.#settle(wanted, ({ reject }) => reject(error)),
    );
  }

  #made(wanted: readonly WantedKey[], keys: Uint8Array, destroyed: ReadonlySet<number>): void {
    this.#settle(wanted, ({ owner, resolve, reject }, i) => {
      if (destroyed.has(i)) return reject(keyDestroyed());
      const key = keys.slice(32 * i, 32 * i + 32);
      this.#reader.keep(owner, key);
      resolve(key);
    });
    keys.fill(0);
  }

  #settle(wanted: readonly WantedKey[], settle: (one: WantedKey, i: number) => void): void {
    wanted.forEach((one, i) => {
      this.#wanted.delete(nameOf(one.owner));
      settle(one, i);
    });
  }
}

function nameOf({ subject, dataClass }: KeyOwner): string {
  return `${dataClass}/${subject}`;
}
