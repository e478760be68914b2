import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Fault } from '@anamnesis/kernel';
import type { KeyEncryption, WrappedKey, WrapOwner } from '../key-encryption.ts';
import { RandomPool } from '../random-pool.ts';
import {
  createKeyFile,
  missingKeyFile,
  readKeyFile,
  replaceKeyFile,
  rereadKeyFile,
  type KeyFile,
  type KeyVersion,
} from './key-file.ts';

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;
const nonces = new RandomPool(NONCE * 256);
const wrong = 'A data key does not unwrap: the key-encryption key file is not the one that wrapped it.';

/**
 * The key-encryption key in a file of mode 0600, all its versions that some row still needs.
 * Wrapped bytes: nonce (12) | ciphertext (32) | tag (16), AES-256-GCM with owner and version as associated data.
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
    const version = this.current;
    const nonce = new Uint8Array(NONCE);
    nonces.fill(nonce);
    const cipher = createCipheriv(CIPHER, this.#keys.get(version)!, nonce);
    cipher.setAAD(associatedData(owner, version));
    const bytes = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
    return { version, bytes };
  }

  unwrap(owner: WrapOwner, { version, bytes }: WrappedKey): Uint8Array {
    const decipher = createDecipheriv(CIPHER, this.#keyOf(version), bytes.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(associatedData(owner, version));
    decipher.setAuthTag(bytes.subarray(-TAG));
    const key = decipher.update(bytes.subarray(NONCE, -TAG));
    try {
      decipher.final();
    } catch (cause) {
      throw new Fault('vault-key-wrong', wrong, { cause });
    }
    return key;
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
    if (!key) throw new Fault('vault-key-wrong', wrong);
    return key;
  }
}

function newVersion(version: number): KeyVersion {
  return { version, created: new Date().toISOString(), key: randomBytes(32).toString('base64') };
}

function keysOf(file: KeyFile): ReadonlyMap<number, KeyObject> {
  return new Map(file.versions.map(({ version, key }) => [version, createSecretKey(key, 'base64')]));
}

/** Class first: it is one word of the code and has no slash, so that no two owners share their bytes. */
function associatedData({ subject, dataClass }: WrapOwner, version: number): Buffer {
  return Buffer.from(`${version}/${dataClass}/${subject}`, 'utf8');
}
