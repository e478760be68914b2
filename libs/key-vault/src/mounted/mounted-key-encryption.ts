import { createSecretKey, type KeyObject } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@anamnesis/kernel';
import { unwrapKey, wrapKey, wrongKeyEncryptionKey } from '../data-key-cipher.ts';
import type { KeyEncryption, WrappedKey, WrapOwner } from '../key-encryption.ts';

const NAME = /^kek-([1-9]\d{0,8})$/;
const wrongKey = (text: string): Fault => new Fault('vault-key-wrong', text);

/**
 * The key-encryption key in a folder that is mounted read-only, such as a Kubernetes secret: one file `kek-<version>`
 * for each version, 32 bytes in base64 (`openssl rand -base64 32`), none of them open to the world.
 *
 * To rotate: add `kek-<next>` beside the files that are there, wait until it is mounted in every process, let one of
 * them rotate, and only then take the earlier files away. Until the rotation begins nobody wraps under the next
 * version, because the version in force stands in the vault itself (`reach`); in a new vault it is the newest one.
 */
export class MountedKeyEncryption implements KeyEncryption {
  readonly #folder: string;
  #keys: ReadonlyMap<number, KeyObject>;
  #current: number;

  private constructor(folder: string, keys: ReadonlyMap<number, KeyObject>) {
    this.#folder = folder;
    this.#keys = keys;
    this.#current = newest(keys);
  }

  /** Throws `Fault` `vault-key-wrong` when a file is missing, damaged or open to the world. */
  static async open(folder: string): Promise<MountedKeyEncryption> {
    return new MountedKeyEncryption(folder, await readKeys(folder));
  }

  wrap(owner: WrapOwner, key: Uint8Array): WrappedKey {
    return wrapKey(this.#keys.get(this.#current)!, this.#current, owner, key);
  }

  async unwrap(owner: WrapOwner, wrapped: WrappedKey): Promise<Uint8Array> {
    const known = this.#keys.get(wrapped.version) ?? (await this.#reread()).get(wrapped.version);
    if (!known) throw wrongKeyEncryptionKey();
    return unwrapKey(known, owner, wrapped);
  }

  /** Where the file of that version has not come to this process yet, it goes on under the one it has. */
  async reach(version: number): Promise<void> {
    const keys = this.#keys.has(version) ? this.#keys : await this.#reread();
    if (keys.has(version)) this.#current = version;
  }

  /** Goes over to the newest file. Throws `vault-key-wrong` when no newer one was added. */
  async rotate(): Promise<number> {
    const version = newest(await this.#reread());
    if (version <= this.#current) {
      throw wrongKey('There is no newer key-encryption key: add its file beside the others first.');
    }
    this.#current = version;
    return version;
  }

  /** Nothing needs the earlier files any more; whoever mounts them takes them away. */
  retireBefore(version: number): void {
    this.#keys = new Map([...this.#keys].filter(([one]) => one >= version));
  }

  async #reread(): Promise<ReadonlyMap<number, KeyObject>> {
    const keys = await readKeys(this.#folder);
    // Taken away too early, the one in use is missed by name at the next start, and not in the middle of the work.
    const inUse = this.#keys.get(this.#current)!;
    this.#keys = new Map([[this.#current, inUse], ...keys]);
    return this.#keys;
  }
}

function newest(keys: ReadonlyMap<number, KeyObject>): number {
  return Math.max(...keys.keys());
}

async function readKeys(folder: string): Promise<ReadonlyMap<number, KeyObject>> {
  const keys = new Map<number, KeyObject>();
  for (const name of await namesIn(folder)) {
    const version = NAME.exec(name)?.[1];
    if (version !== undefined) keys.set(Number(version), await readKey(join(folder, name)));
  }
  if (keys.size === 0) throw wrongKey('No key-encryption key is mounted. Mount the one that wrapped the keys.');
  return keys;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** A group may read it: Kubernetes gives a secret to an ordinary user by its group. */
async function readKey(path: string): Promise<KeyObject> {
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o027) !== 0) {
    throw wrongKey('A key-encryption key can be read by anyone, or written by its group. Set its mode to 0440.');
  }
  const bytes = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64');
  if (bytes.length !== 32) throw wrongKey('A key-encryption key is damaged: its file holds 32 bytes in base64.');
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
