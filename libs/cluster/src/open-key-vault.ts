import type { KeyEncryption } from '@anamnesis/key-vault';
import { FileKeyEncryption } from '@anamnesis/key-vault/embedded';
import { MongoKeyReader, MongoKeyVault } from '@anamnesis/key-vault/mongo';
import { TransitKeyEncryption } from '@anamnesis/key-vault/transit';
import type { ClusterConfig } from './config.ts';

type KeySettings = Pick<ClusterConfig, 'mongodb' | 'transit' | 'transitKey' | 'transitToken' | 'keyFile'>;

export async function openKeyVault(config: KeySettings): Promise<MongoKeyVault> {
  return MongoKeyVault.open({ url: config.mongodb!, encryption: await keyEncryption(config) });
}

export async function openKeyReader(config: KeySettings): Promise<MongoKeyReader> {
  return MongoKeyReader.open({ url: config.mongodb!, encryption: await keyEncryption(config) });
}

/** Who holds the key-encryption key: a key management service, or a mounted file. */
export async function keyEncryption({
  transit,
  transitKey,
  transitToken,
  keyFile,
}: KeySettings): Promise<KeyEncryption> {
  if (transit === undefined) return FileKeyEncryption.open(keyFile ?? '', { create: false });
  const auth = transitToken?.startsWith('/')
    ? ({ kind: 'token-file', path: transitToken } as const)
    : ({ kind: 'token', token: transitToken ?? '' } as const);
  return TransitKeyEncryption.open({ address: transit, key: transitKey, auth });
}
