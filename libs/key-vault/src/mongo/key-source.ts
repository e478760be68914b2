import type { Fault } from '@anamnesis/kernel';
import type { KeyEncryption, OwnedWrappedKey, WrapOwner } from '../key-encryption.ts';
import { nameOfOwner } from '../owner-name.ts';
import { unwrapMany } from '../wrap-many.ts';
import type { StoredKey, VaultDatabase } from './vault-database.ts';

/** A key, that it was destroyed, that there is none, or why it does not unwrap. */
export type FoundKey = Uint8Array | 'destroyed' | undefined | Fault;

/** Stored keys, unwrapped: one round trip to the database and one to who holds the key-encryption key. */
export class KeySource {
  readonly #database: VaultDatabase;
  readonly #encryption: KeyEncryption;

  constructor(database: VaultDatabase, encryption: KeyEncryption) {
    this.#database = database;
    this.#encryption = encryption;
  }

  /** In the order of the owners. */
  async find(owners: readonly WrapOwner[]): Promise<readonly FoundKey[]> {
    const names = owners.map(nameOfOwner);
    const stored = await this.#database.find([...new Set(names)]);
    return this.unwrap(names.map((name) => stored.get(name)));
  }

  async unwrap(stored: readonly (StoredKey | undefined)[]): Promise<readonly FoundKey[]> {
    const wrapped = stored.filter((key): key is OwnedWrappedKey => typeof key === 'object');
    const keys = (await unwrapMany(this.#encryption, wrapped)).values();
    return stored.map((key) => (typeof key === 'object' ? keys.next().value : key));
  }
}
