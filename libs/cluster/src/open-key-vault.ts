import type { KeyEncryption } from '@anamnesis/key-vault';
import { MountedKeyEncryption } from '@anamnesis/key-vault/mounted';
import { MongoKeyReader, MongoKeyVault } from '@anamnesis/key-vault/mongo';
import { type TransitAuth, TransitKeyEncryption } from '@anamnesis/key-vault/transit';
import type { ClusterConfig } from './config.ts';

export type KeySettings = Pick<
  ClusterConfig,
  'mongodb' | 'transit' | 'transitKey' | 'transitToken' | 'transitTokenFile' | 'keyFolder'
>;

/** The part of the configuration that says where keys are; it can cross to a thread. */
export function keySettings(config: KeySettings): KeySettings {
  const { mongodb, transit, transitKey, transitToken, transitTokenFile, keyFolder } = config;
  return { mongodb, transit, transitKey, transitToken, transitTokenFile, keyFolder };
}

export async function openKeyVault(config: KeySettings): Promise<MongoKeyVault> {
  return MongoKeyVault.open({ url: config.mongodb!, encryption: await keyEncryption(config) });
}

export async function openKeyReader(config: KeySettings): Promise<MongoKeyReader> {
  return MongoKeyReader.open({ url: config.mongodb!, encryption: await keyEncryption(config) });
}

/** Who holds the key-encryption key: a key management service, or a mounted file. */
export async function keyEncryption(config: KeySettings): Promise<KeyEncryption> {
  const { transit, transitKey, transitToken = '', transitTokenFile, keyFolder } = config;
  if (transit === undefined) return MountedKeyEncryption.open(keyFolder ?? '');
  const auth: TransitAuth =
    transitTokenFile === undefined
      ? { kind: 'token', token: transitToken }
      : { kind: 'token-file', path: transitTokenFile };
  return TransitKeyEncryption.open({ address: transit, key: transitKey, auth });
}
