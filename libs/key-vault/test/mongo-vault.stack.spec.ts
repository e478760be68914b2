import { describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { FileKeyEncryption } from '../src/embedded/index.ts';
import type { KeyEncryption, KeyOwner } from '../src/index.ts';
import { MountedKeyEncryption } from '../src/mounted/index.ts';
import { MongoKeyReader, MongoKeyVault, prepareKeyVault, type MongoKeyVaultOptions } from '../src/mongo/index.ts';
import { onDatabase, openTransit, preparedDatabase, transitSettings, unpreparedDatabase } from './engines.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

// Real engines on a busy machine take their time.
jest.setTimeout(120_000);

const patient = (subject: string = randomUUID()): KeyOwner => ({ subject, dataClass: 'clinical' });
const patients = (count: number): KeyOwner[] => Array.from({ length: count }, () => patient());

async function keyFile(): Promise<FileKeyEncryption> {
  return FileKeyEncryption.open(join(await temporaryFolder(), 'kek.json'), { create: true });
}

async function opened(options: MongoKeyVaultOptions): Promise<MongoKeyVault> {
  const vault = await MongoKeyVault.open({ settleMs: 100, ...options });
  afterwards(() => vault.close());
  return vault;
}

/** Counts the round trips to who holds the key-encryption key. */
function counted(inner: KeyEncryption): { readonly encryption: KeyEncryption; readonly calls: string[] } {
  const calls: string[] = [];
  const encryption: KeyEncryption = {
    wrap: (owner, key) => inner.wrap(owner, key),
    unwrap: (owner, wrapped) => inner.unwrap(owner, wrapped),
    async wrapAll(keys) {
      calls.push('wrap');
      return Promise.all(keys.map(({ owner, key }) => inner.wrap(owner, key)));
    },
    async unwrapAll(keys) {
      calls.push('unwrap');
      return Promise.all(keys.map(({ owner, wrapped }) => inner.unwrap(owner, wrapped)));
    },
    rotate: () => inner.rotate(),
    retireBefore: (version) => inner.retireBefore(version),
  };
  return { encryption, calls };
}

describe('a database', () => {
  it('that was not prepared is refused, and is not prepared in passing', async () => {
    const where = unpreparedDatabase();
    const refused = { code: 'vault-unavailable', retryable: false, message: expect.stringContaining('prepare') };
    await expect(MongoKeyVault.open({ ...where, encryption: await keyFile() })).rejects.toMatchObject(refused);
    const names = await onDatabase(where, (connection) => connection.listCollections());
    expect(names).toEqual([]);
  });

  it('can be prepared by several at once and again, and keeps what it holds', async () => {
    const where = unpreparedDatabase();
    await Promise.all(Array.from({ length: 4 }, () => prepareKeyVault(where)));
    const encryption = await keyFile();
    const vault = await opened({ ...where, encryption });
    const owner = patient();
    const key = await vault.ensure(owner);
    await vault.rotate();
    await prepareKeyVault(where);
    expect(await (await opened({ ...where, encryption })).get(owner)).toEqual(key);
    const indexes = await onDatabase(where, (connection) => connection.db!.collection('vault_keys').indexes());
    expect(indexes.map(({ key: fields }) => fields)).toContainEqual({ kek: 1 });
  });

  it('of a later format is refused', async () => {
    const where = await preparedDatabase();
    await onDatabase(where, (connection) =>
      connection.db!.collection('vault_state').updateOne({}, { $set: { format: 2 } }),
    );
    await expect(MongoKeyVault.open({ ...where, encryption: await keyFile() })).rejects.toMatchObject({
      code: 'vault-unavailable',
      message: expect.stringContaining('format'),
    });
  });

  it('that is not there is a retryable fault that names no credentials', async () => {
    const url = 'mongodb://clerk:open-sesame@127.0.0.1:9/';
    const fault = await MongoKeyVault.open({ url, timeoutMs: 300, encryption: await keyFile() }).catch(
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ code: 'vault-unavailable', retryable: true });
    expect(inspect(fault, { depth: 9 })).not.toMatch(/sesame|clerk/);
  });

  it('without a vault’s secret is nothing to a reader', async () => {
    const where = await preparedDatabase();
    await expect(MongoKeyReader.open({ ...where, encryption: await keyFile() })).rejects.toMatchObject({
      code: 'vault-unavailable',
    });
  });
});

describe('a vault', () => {
  it('is empty until somebody has a key, however often it is opened', async () => {
    const [where, encryption] = [await preparedDatabase(), await keyFile()];
    expect((await opened({ ...where, encryption })).made).toBe(true);
    const vault = await opened({ ...where, encryption });
    expect(vault.made).toBe(true);
    expect(await vault.isEmpty()).toBe(true);
    await vault.ensure(patient());
    expect(await vault.isEmpty()).toBe(false);
    expect((await opened({ ...where, encryption })).made).toBe(false);
  });

  it('under another key-encryption key is refused', async () => {
    const where = await preparedDatabase();
    await opened({ ...where, encryption: await keyFile() });
    const wrong = { code: 'vault-key-wrong', retryable: false };
    await expect(opened({ ...where, encryption: await keyFile() })).rejects.toMatchObject(wrong);
    const other = await openTransit(transitSettings());
    await expect(opened({ ...where, encryption: other })).rejects.toMatchObject(wrong);
    await expect(MongoKeyReader.open({ ...where, encryption: other })).rejects.toMatchObject(wrong);
  });

  it('makes a thousand new keys in few round trips, and reads them back in few', async () => {
    const where = await preparedDatabase();
    const { encryption, calls } = counted(await keyFile());
    const vault = await opened({ ...where, encryption });
    calls.length = 0;
    const owners = patients(1_000);
    const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
    expect(calls).toEqual(Array(4).fill('wrap'));
    vault.evict();
    expect(await Promise.all(owners.map((owner) => vault.get(owner)))).toEqual(keys);
    expect(calls).toEqual([...Array(4).fill('wrap'), ...Array(5).fill('unwrap')]);
  });

  it('does not unwrap what was moved to another owner, and still reads the others of the same batch', async () => {
    const where = await preparedDatabase();
    const vault = await opened({ ...where, encryption: await openTransit(transitSettings()) });
    const [one, other] = [patient(), patient()];
    await Promise.all([one, other].map((owner) => vault.ensure(owner)));
    await onDatabase(where, async (connection) => {
      const rows = connection.db!.collection<{ _id: string; wrapped: Buffer }>('vault_keys');
      const { wrapped } = (await rows.findOne({ _id: `clinical/${one.subject}` }))!;
      await rows.updateOne({ _id: `clinical/${other.subject}` }, { $set: { wrapped } });
    });
    vault.evict();
    const [mine, moved] = await Promise.allSettled([vault.get(one), vault.get(other)]);
    expect(mine.status).toBe('fulfilled');
    expect(moved).toMatchObject({ reason: { code: 'vault-key-wrong' } });
  });

  it.each(['file', 'transit'])(
    'under a %s leaves no key in the clear, neither in the database nor in a fault',
    async (kind) => {
      const where = await preparedDatabase();
      const encryption = kind === 'file' ? await keyFile() : await openTransit(transitSettings());
      const vault = await opened({ ...where, encryption });
      const owners = patients(60);
      const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
      await vault.rotate();
      await vault.destroy(owners[0]!.subject);
      const rows = await onDatabase(where, (connection) =>
        connection.db!.collection<{ _id: string; wrapped?: Buffer }>('vault_keys').find().toArray(),
      );
      expect(rows.filter(({ wrapped }) => wrapped)).toHaveLength(60); // 59 and the secret
      expect(rows.find(({ _id }) => _id === `clinical/${owners[0]!.subject}`)).not.toHaveProperty('wrapped');
      const stored = Buffer.concat(rows.map(({ wrapped }) => wrapped ?? Buffer.alloc(0)));
      const text = JSON.stringify(rows);
      await vault.close();
      const faults = await Promise.all(owners.map((owner) => vault.ensure(owner).catch((error: unknown) => error)));
      const said = inspect(faults, { depth: 9, showHidden: true });
      for (const key of keys.map((one) => Buffer.from(one))) {
        expect(stored.includes(key)).toBe(false);
        for (const form of [key.toString('hex'), key.toString('base64')]) expect(text + said).not.toContain(form);
      }
    },
  );

  it('that reads a key while another one destroys it neither gives it out nor caches it', async () => {
    const where = await preparedDatabase();
    const inner = await keyFile();
    const destroyer = await opened({ ...where, encryption: inner });
    const owner = patient();
    await destroyer.ensure(owner);
    let destroy: (() => Promise<void>) | undefined = () => destroyer.destroy(owner.subject);
    const slow: KeyEncryption = {
      wrap: (whose, key) => inner.wrap(whose, key),
      async unwrap(whose, wrapped) {
        const key = inner.unwrap(whose, wrapped);
        // Between the read of the wrapped key and its arrival in the cache.
        if (whose.subject === owner.subject) await destroy?.();
        destroy = whose.subject === owner.subject ? undefined : destroy;
        return key;
      },
      rotate: () => inner.rotate(),
      retireBefore: (version) => inner.retireBefore(version),
    };
    const reader = await MongoKeyReader.open({ ...where, encryption: slow });
    afterwards(() => reader.close());
    await expect(reader.get(owner)).rejects.toMatchObject({ code: 'key-destroyed' });
    expect(destroy).toBeUndefined();
    expect(reader.cached(owner)).toBeUndefined();
  });

  it('shares one key among all who ask for it at once, and keeps what a small cache lost', async () => {
    const where = await preparedDatabase();
    const vault = await opened({ ...where, encryption: await keyFile(), cacheKeys: 3 });
    const owners = patients(40);
    const keys = await Promise.all([...owners, ...owners].map((owner) => vault.ensure(owner)));
    expect(keys.slice(40)).toEqual(keys.slice(0, 40));
    expect(await Promise.all(owners.map((owner) => vault.get(owner)))).toEqual(keys.slice(0, 40));
  });
});

describe('a vault under mounted key files', () => {
  it('rotates when a file was added, and needs the earlier one no more', async () => {
    const folder = join(await temporaryFolder(), 'kek');
    await mkdir(folder);
    const add = (version: number): Promise<void> =>
      writeFile(join(folder, `kek-${version}`), Buffer.alloc(32, version).toString('base64'), { mode: 0o440 });
    await add(1);
    const where = await preparedDatabase();
    const vault = await opened({ ...where, encryption: await MountedKeyEncryption.open(folder) });
    const owners = patients(20);
    const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
    await expect(vault.rotate()).rejects.toMatchObject({ code: 'vault-key-wrong' });
    await add(2);
    // One that starts now has both files, and wraps under the version in force until the rotation.
    const other = await opened({ ...where, encryption: await MountedKeyEncryption.open(folder) });
    await other.ensure(patient());
    expect(await vault.rotate()).toMatchObject({ version: 2, rewrapped: 22 });
    await rm(join(folder, 'kek-1'));
    const late = patient();
    await other.ensure(late);
    const fresh = await opened({ ...where, encryption: await MountedKeyEncryption.open(folder) });
    expect(await Promise.all(owners.map((owner) => fresh.get(owner)))).toEqual(keys);
    expect(await fresh.get(late)).toHaveLength(32);
  });
});
