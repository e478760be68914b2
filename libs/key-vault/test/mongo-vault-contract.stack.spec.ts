import { describe, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { keyVaultContract, type KeyVaultHarness } from '../src/contract/index.ts';
import { FileKeyEncryption } from '../src/embedded/index.ts';
import type { KeyEncryption } from '../src/index.ts';
import { MongoKeyReader, MongoKeyVault } from '../src/mongo/index.ts';
import { openTransit, preparedDatabase, transitSettings } from './engines.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

// Real engines on a busy machine take their time.
jest.setTimeout(120_000);

/** Each opening has an encryption of its own, as each process has. */
async function harness(openEncryption: () => Promise<KeyEncryption>): Promise<KeyVaultHarness> {
  const where = await preparedDatabase();
  return {
    async open() {
      const vault = await MongoKeyVault.open({ ...where, encryption: await openEncryption(), settleMs: 100 });
      afterwards(() => vault.close());
      return vault;
    },
    async openReader() {
      const reader = await MongoKeyReader.open({ ...where, encryption: await openEncryption() });
      afterwards(() => reader.close());
      return reader;
    },
  };
}

describe('the vault in MongoDB under a key file keeps the contract', () => {
  for (const { name, run } of keyVaultContract) {
    it(name, async () => {
      const path = join(await temporaryFolder(), 'kek.json');
      await run(await harness(() => FileKeyEncryption.open(path, { create: true })));
    });
  }
});

describe('the vault in MongoDB under a transit key keeps the contract', () => {
  for (const { name, run } of keyVaultContract) {
    it(name, async () => {
      const settings = transitSettings();
      await run(await harness(() => openTransit(settings)));
    });
  }
});
