/**
 * Wrapping of data keys under a key-encryption key that is held in memory.
 * Wrapped bytes: nonce (12) | ciphertext (32) | tag (16), AES-256-GCM with version and owner as associated data.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { Fault } from '@anamnesis/kernel';
import type { WrappedKey, WrapOwner } from './key-encryption.ts';
import { RandomPool } from './random-pool.ts';

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;
const nonces = new RandomPool(NONCE * 256);

export const wrongKeyEncryptionKey = (cause?: unknown): Fault =>
  new Fault('vault-key-wrong', 'A data key does not unwrap: the key-encryption key is not the one that wrapped it.', {
    cause,
  });

export function wrapKey(kek: KeyObject, version: number, owner: WrapOwner, key: Uint8Array): WrappedKey {
  const nonce = new Uint8Array(NONCE);
  nonces.fill(nonce);
  const cipher = createCipheriv(CIPHER, kek, nonce);
  cipher.setAAD(associatedData(owner, version));
  const bytes = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  return { version, bytes };
}

/** Throws `Fault` `vault-key-wrong`. */
export function unwrapKey(kek: KeyObject, owner: WrapOwner, { version, bytes }: WrappedKey): Uint8Array {
  if (bytes.length <= NONCE + TAG) throw wrongKeyEncryptionKey();
  const decipher = createDecipheriv(CIPHER, kek, bytes.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(associatedData(owner, version));
  decipher.setAuthTag(bytes.subarray(-TAG));
  const key = decipher.update(bytes.subarray(NONCE, -TAG));
  try {
    decipher.final();
  } catch (cause) {
    throw wrongKeyEncryptionKey(cause);
  }
  return key;
}

/** Class first: it is one word of the code and has no slash, so that no two owners share their bytes. */
function associatedData({ subject, dataClass }: WrapOwner, version: number): Buffer {
  return Buffer.from(`${version}/${dataClass}/${subject}`, 'utf8');
}
