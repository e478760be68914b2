/** Many keys at once under any key encryption: in one round trip where it has one, else one by one. */
import { Fault } from '@anamnesis/kernel';
import type { KeyEncryption, OwnedWrappedKey, PlainKey, WrappedKey } from './key-encryption.ts';

export async function wrapMany(encryption: KeyEncryption, keys: readonly PlainKey[]): Promise<readonly WrappedKey[]> {
  if (keys.length === 0) return [];
  if (encryption.wrapAll) return encryption.wrapAll(keys);
  return Promise.all(keys.map(({ owner, key }) => encryption.wrap(owner, key)));
}

/** The fault of each key that does not unwrap in its place. Throws what concerns all, such as `vault-unavailable`. */
export async function unwrapMany(
  encryption: KeyEncryption,
  keys: readonly OwnedWrappedKey[],
): Promise<readonly (Uint8Array | Fault)[]> {
  if (keys.length === 0) return [];
  if (encryption.unwrapAll) return encryption.unwrapAll(keys);
  return Promise.all(keys.map((one) => unwrapOne(encryption, one)));
}

async function unwrapOne(encryption: KeyEncryption, { owner, wrapped }: OwnedWrappedKey): Promise<Uint8Array | Fault> {
  try {
    return await encryption.unwrap(owner, wrapped);
  } catch (error) {
    if (error instanceof Fault && error.code === 'vault-key-wrong') return error;
    throw error;
  }
}
