import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@anamnesis/kernel';
import type { KeyEncryption, OwnedWrappedKey, PlainKey, WrapOwner } from '../key-encryption.ts';
import { nameOfOwner } from '../owner-name.ts';
import { RandomPool } from '../random-pool.ts';
import { wrapMany } from '../wrap-many.ts';
import { KeySource, type FoundKey } from './key-source.ts';
import type { StateWatch } from './state-watch.ts';
import type { StoredKey, VaultDatabase } from './vault-database.ts';

const KEY_LENGTH = 32;
/** How often what another process just inserted is looked for before a majority has it. */
const MOST_LOOKS = 20;
const LOOK_AGAIN_MS = 25;
const keyRandom = new RandomPool(KEY_LENGTH * 256);

interface MadeKey extends OwnedWrappedKey, PlainKey {}

/** Makes the keys that are missing: one look, one wrap, one insert for a whole batch of owners. */
export class KeyMaker {
  readonly #database: VaultDatabase;
  readonly #encryption: KeyEncryption;
  readonly #source: KeySource;
  readonly #watch: () => Pick<StateWatch, 'kek' | 'refresh'>;
  #reached = 0;

  constructor(database: VaultDatabase, encryption: KeyEncryption, watch: () => Pick<StateWatch, 'kek' | 'refresh'>) {
    this.#database = database;
    this.#encryption = encryption;
    this.#source = new KeySource(database, encryption);
    this.#watch = watch;
  }

  /** The key of each owner, in their order, made and durable where there was none. No owner comes twice. */
  async ensure(owners: readonly WrapOwner[]): Promise<readonly Exclude<FoundKey, undefined>[]> {
    const names = owners.map(nameOfOwner);
    const stored = await this.#database.find(names);
    const made = await this.#make(owners.filter((_, i) => !stored.has(names[i]!)));
    // Another process was first with these: its key is the key.
    await this.#lookFor(
      names.filter((name) => !stored.has(name) && !made.has(name)),
      stored,
    );
    const found = await this.#source.unwrap(names.map((name) => stored.get(name)));
    return names.map((name, i) => made.get(name) ?? found[i]!);
  }

  async #make(owners: readonly WrapOwner[]): Promise<ReadonlyMap<string, Uint8Array>> {
    if (owners.length === 0) return new Map();
    await this.#reach(this.#watch().kek);
    const keys = owners.map((owner) => ({ owner, key: newKey() }));
    const wrapped = await wrapMany(this.#encryption, keys);
    const tried = keys.map((one, i): MadeKey => ({ ...one, wrapped: wrapped[i]! }));
    const taken = await this.#database.insert(tried);
    const made = tried.filter(({ owner }) => !taken.has(nameOfOwner(owner)));
    await this.#bringUpToDate(made);
    return new Map(made.map(({ owner, key }) => [nameOfOwner(owner), key]));
  }

  /**
   * A rotation may have begun between the wrap and the insert, and end without having seen these. So nobody is given a
   * new key before it is known to be wrapped under the version in force.
   */
  async #bringUpToDate(made: readonly MadeKey[]): Promise<void> {
    if (made.length === 0) return;
    const { kek } = await this.#watch().refresh();
    const late = made.filter(({ wrapped }) => wrapped.version < kek);
    if (late.length === 0) return;
    await this.#reach(kek);
    const wrapped = await wrapMany(this.#encryption, late);
    if (wrapped.some(({ version }) => version < kek)) {
      const text = 'The version of the key-encryption key that is in force has not come to this process yet.';
      throw new Fault('vault-unavailable', text, { retryable: true });
    }
    await this.#database.rewrap(
      late.map(({ owner, wrapped: { version } }, i) => ({ owner, wrapped: wrapped[i]!, from: version })),
    );
  }

  async #reach(kek: number): Promise<void> {
    if (kek <= this.#reached) return;
    await this.#encryption.reach?.(kek);
    this.#reached = kek;
  }

  /** Adds the stored keys to `stored`; waits for those that a majority does not have yet. */
  async #lookFor(names: readonly string[], stored: Map<string, StoredKey>): Promise<void> {
    let missing = names;
    for (let looks = 0; missing.length > 0; looks++) {
      if (looks === MOST_LOOKS) {
        throw new Fault('vault-unavailable', "The key vault's database does not answer.", { retryable: true });
      }
      if (looks > 0) await pause(LOOK_AGAIN_MS);
      for (const [name, key] of await this.#database.find(missing)) stored.set(name, key);
      missing = missing.filter((name) => !stored.has(name));
    }
  }
}

function newKey(): Uint8Array {
  const key = new Uint8Array(KEY_LENGTH);
  keyRandom.fill(key);
  return key;
}
