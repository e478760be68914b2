import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { unwrapKey, wrapKey, wrongKeyEncryptionKey } from '../data-key-cipher.ts';
import type { KeyEncryption, WrappedKey, WrapOwner } from '../key-encryption.ts';
import {
  createKeyFile,
  missingKeyFile,
  readKeyFile,
  replaceKeyFile,
  rereadKeyFile,
  type KeyFile,
  type KeyVersion,
} from './key-file.ts';

/**
 * The key-encryption key in a file of mode 0600, all its versions that some row still needs.
 * Several may be open on one file; a version that another one made is found when a row asks for it.
 */
export class FileKeyEncryption implements KeyEncryption {
  readonly #path: string;
  #file: KeyFile;
  #keys: ReadonlyMap<number, KeyObject>;

  private constructor(path: string, file: KeyFile) {
    this.#path = path;
    this.#file = file;
    this.#keys = keysOf(file);
  }

  /** Opens the file. `create`: makes it where there is none; else that is a `vault-key-wrong`. */
  static async open(path: string, options: { readonly create: boolean }): Promise<FileKeyEncryption> {
    let file = await readKeyFile(path);
    if (!file && options.create) {
      const first: KeyFile = { format: 1, versions: [newVersion(1)] };
      file = (await createKeyFile(path, first)) ? first : await readKeyFile(path);
    }
    if (!file) throw missingKeyFile();
    return new FileKeyEncryption(path, file);
  }

  /** The version that wraps. */
  get current(): number {
    return this.#file.versions.at(-1)!.version;
  }

  wrap(owner: WrapOwner, key: Uint8Array): WrappedKey {
    return wrapKey(this.#keys.get(this.current)!, this.current, owner, key);
  }

  unwrap(owner: WrapOwner, wrapped: WrappedKey): Uint8Array {
    return unwrapKey(this.#keyOf(wrapped.version), owner, wrapped);
  }

  /** The file has the version: another process on it made it. */
  reach(version: number): void {
    if (this.current < version) this.#use(rereadKeyFile(this.#path));
  }

  async rotate(): Promise<number> {
    const version = this.current + 1;
    await this.#replace([...this.#file.versions, newVersion(version)]);
    return version;
  }

  async retireBefore(version: number): Promise<void> {
    await this.#replace(this.#file.versions.filter((one) => one.version >= version));
  }

  async #replace(versions: readonly KeyVersion[]): Promise<void> {
    const file: KeyFile = { format: 1, versions };
    await replaceKeyFile(this.#path, file);
    this.#use(file);
  }

  #use(file: KeyFile): void {
    this.#file = file;
    this.#keys = keysOf(file);
  }

  #keyOf(version: number): KeyObject {
    if (!this.#keys.has(version)) this.#use(rereadKeyFile(this.#path));
    const key = this.#keys.get(version);
    if (!key) throw wrongKeyEncryptionKey();
    return key;
  }
}

function newVersion(version: number): KeyVersion {
  return { version, created: new Date().toISOString(), key: randomBytes(32).toString('base64') };
}

function keysOf(file: KeyFile): ReadonlyMap<number, KeyObject> {
  return new Map(file.versions.map(({ version, key }) => [version, createSecretKey(key, 'base64')]));
}
