import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedKeyVault, openEmbeddedKeyReader } from '../src/embedded/index.ts';
import type { KeyOwner } from '../src/index.ts';
import { afterwards, allBytes, temporaryFolder } from './temporary.ts';

const patient = (subject: string = randomUUID()): KeyOwner => ({ subject, dataClass: 'clinical' });
const keyFile = (folder: string) => join(folder, 'keys', 'kek.json');
const database = (folder: string) => join(folder, 'keys', 'vault.sqlite');
const wrongKey = { code: 'vault-key-wrong', retryable: false };
const posix = process.platform === 'win32' ? it.skip : it;

async function vaultIn(folder: string): Promise<EmbeddedKeyVault> {
  const vault = await EmbeddedKeyVault.open({ folder });
  afterwards(() => vault.close());
  return vault;
}

/** A folder whose vault made one key and was closed. */
async function usedFolder(): Promise<{ folder: string; owner: KeyOwner; key: Uint8Array }> {
  const folder = await temporaryFolder();
  const vault = await vaultIn(folder);
  const owner = patient();
  const key = await vault.ensure(owner);
  await vault.close();
  return { folder, owner, key };
}

/** The wrapped bytes of every row, as the database holds them. */
function wrappedBytes(folder: string, subject?: string): Buffer[] {
  const db = new DatabaseSync(database(folder), { readOnly: true });
  const rows = db.prepare('SELECT wrapped FROM data_key WHERE wrapped IS NOT NULL AND (?1 IS NULL OR subject = ?1)');
  const all = rows.all(subject ?? null).map(({ wrapped }) => Buffer.from(wrapped as Uint8Array));
  db.close();
  return all;
}

describe('the key-encryption key file', () => {
  posix('and all other files of the vault are the owner’s alone', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    await vault.ensure(patient());
    for (const name of ['', 'kek.json', 'vault.sqlite', 'vault.sqlite-wal', 'vault.sqlite-shm']) {
      expect((await stat(join(folder, 'keys', name))).mode & 0o077).toBe(0);
    }
  });

  it('when missing is refused and not replaced while keys need it', async () => {
    const { folder } = await usedFolder();
    await rm(keyFile(folder));
    await expect(EmbeddedKeyVault.open({ folder })).rejects.toMatchObject({
      ...wrongKey,
      message: expect.stringContaining('missing'),
    });
    await expect(stat(keyFile(folder))).rejects.toThrow('ENOENT');
    await expect(openEmbeddedKeyReader({ folder })).rejects.toMatchObject(wrongKey);
  });

  it('of another vault is refused', async () => {
    const [mine, other] = [await usedFolder(), await usedFolder()];
    await copyFile(keyFile(other.folder), keyFile(mine.folder));
    await expect(EmbeddedKeyVault.open({ folder: mine.folder })).rejects.toMatchObject(wrongKey);
    await expect(openEmbeddedKeyReader({ folder: mine.folder })).rejects.toMatchObject(wrongKey);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"format":2,"versions":[]}',
    '{"format":1,"versions":[{"version":1,"created":"","key":"x"}]}',
  ])('that holds %j is refused', async (content) => {
    const { folder } = await usedFolder();
    await writeFile(keyFile(folder), content);
    await expect(EmbeddedKeyVault.open({ folder })).rejects.toMatchObject(wrongKey);
  });

  posix('that others may read is refused', async () => {
    const { folder, owner, key } = await usedFolder();
    await chmod(keyFile(folder), 0o640);
    await expect(EmbeddedKeyVault.open({ folder })).rejects.toMatchObject({
      ...wrongKey,
      message: expect.stringContaining('0600'),
    });
    await chmod(keyFile(folder), 0o600);
    expect(await (await vaultIn(folder)).get(owner)).toEqual(key);
  });

  it('left by a first start that was cut short is taken up', async () => {
    const folder = await temporaryFolder();
    await (await vaultIn(folder)).close();
    const before = await readFile(keyFile(folder), 'utf8');
    await rm(database(folder));
    await (await vaultIn(folder)).ensure(patient());
    expect(await readFile(keyFile(folder), 'utf8')).toBe(before);
  });

  it('holds one version after a rotation: the old one is forgotten', async () => {
    const { folder, owner, key } = await usedFolder();
    const before = JSON.parse(await readFile(keyFile(folder), 'utf8'));
    const vault = await vaultIn(folder);
    expect(await vault.rotate()).toEqual({ version: 2, rewrapped: 2 }); // the patient's, and the vault's own secret
    const after = JSON.parse(await readFile(keyFile(folder), 'utf8'));
    expect(after.versions.map(({ version }: { version: number }) => version)).toEqual([2]);
    expect(after.versions[0].key).not.toBe(before.versions[0].key);
    vault.evict();
    expect(await vault.get(owner)).toEqual(key);
  });
});

describe('the vault’s database', () => {
  it('that is none is a clear fault', async () => {
    const { folder } = await usedFolder();
    await writeFile(
      database(folder),
      'this is not a database, and long enough to be looked at as if it were one'.repeat(20),
    );
    await expect(EmbeddedKeyVault.open({ folder })).rejects.toMatchObject({
      code: 'vault-unavailable',
      retryable: false,
    });
  });

  it('that was never made is a clear fault to a reader', async () => {
    await expect(openEmbeddedKeyReader({ folder: await temporaryFolder() })).rejects.toMatchObject({
      code: 'vault-unavailable',
    });
  });

  it('does not unwrap a row that was moved to another owner', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    const [one, other] = [patient(), patient()];
    await vault.ensure(one);
    await vault.ensure(other);
    await vault.close();
    const db = new DatabaseSync(database(folder));
    db.prepare('UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE subject = ?) WHERE subject = ?').run(
      one.subject,
      other.subject,
    );
    db.close();
    const again = await vaultIn(folder);
    await expect(again.get(other)).rejects.toMatchObject(wrongKey);
    expect(await again.get(one)).toBeDefined();
  });

  it('and every other file hold no key and no secret in the clear', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    const owners = Array.from({ length: 200 }, () => patient());
    const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
    await vault.rotate();
    const bytes = await allBytes(folder);
    expect(wrappedBytes(folder)).toHaveLength(201);
    expect(bytes.includes(wrappedBytes(folder)[0]!)).toBe(true); // the search finds what is there
    for (const key of keys) {
      expect(bytes.includes(Buffer.from(key))).toBe(false);
      expect(bytes.includes(Buffer.from(key).toString('base64'))).toBe(false);
      expect(bytes.includes(Buffer.from(key).toString('hex'))).toBe(false);
    }
  });

  it('and every other file keep no byte of a wrapped key after it was destroyed', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    const reader = await openEmbeddedKeyReader({ folder });
    afterwards(() => reader.close());
    const owners = Array.from({ length: 600 }, () => patient()); // enough to split pages
    await Promise.all(owners.map((owner) => vault.ensure(owner)));
    const first = owners.map(({ subject }) => wrappedBytes(folder, subject)[0]!);
    await vault.rotate();
    const second = owners.map(({ subject }) => wrappedBytes(folder, subject)[0]!);
    const gone = new Set([0, 1, 250, 599]);
    for (const i of gone) {
      await reader.get(owners[i]!);
      await vault.destroy(owners[i]!.subject);
    }
    const bytes = await allBytes(folder);
    for (const i of owners.keys()) {
      expect(bytes.includes(first[i]!)).toBe(false); // the old version went with the rotation
      expect(bytes.includes(second[i]!)).toBe(!gone.has(i));
    }
  });
});

describe('a reader with a small cache', () => {
  it('reads every key all the same', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    const owners = Array.from({ length: 40 }, () => patient());
    const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
    const reader = await openEmbeddedKeyReader({ folder, cacheSize: 3 });
    afterwards(() => reader.close());
    for (let round = 0; round < 2; round++) {
      expect(await Promise.all(owners.map((owner) => reader.get(owner)))).toEqual(keys);
    }
    expect(reader.keyedHash('p', 't')).toBe(vault.keyedHash('p', 't'));
  });

  it('that was closed refuses', async () => {
    const { folder, owner } = await usedFolder();
    const reader = await openEmbeddedKeyReader({ folder });
    await reader.close();
    await expect(reader.get(owner)).rejects.toMatchObject({ code: 'stopping' });
    expect(reader.cached(owner)).toBeUndefined();
  });
});

describe('the vault', () => {
  it('tells whether it was there before', async () => {
    const folder = await temporaryFolder();
    const first = await vaultIn(folder);
    expect(first.made).toBe(true);
    await first.close();
    expect((await vaultIn(folder)).made).toBe(false);
  });

  it('in a folder that cannot be made is a clear fault', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'keys'), 'a file where the folder should be');
    await expect(EmbeddedKeyVault.open({ folder })).rejects.toMatchObject({ code: 'vault-unavailable' });
  });

  it('that is closed makes the keys it was asked for, and ends a rotation', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    await Promise.all(Array.from({ length: 1_200 }, () => vault.ensure(patient())));
    const rotated = vault.rotate().then(
      () => 'through',
      ({ code }) => code,
    );
    const owner = patient();
    const ensured = vault.ensure(owner);
    await vault.close();
    const key = await ensured;
    expect(['through', 'stopping']).toContain(await rotated);
    expect(await (await vaultIn(folder)).get(owner)).toEqual(key);
  });

  it('refuses more at once than it can hold, and makes all that it took', async () => {
    const vault = await vaultIn(await temporaryFolder());
    const asked = await Promise.allSettled(Array.from({ length: 20_003 }, () => vault.ensure(patient())));
    const refused = asked.filter((one) => one.status === 'rejected');
    expect(refused.map(({ reason }) => [reason.code, reason.retryable])).toEqual(Array(3).fill(['overloaded', true]));
    expect(await vault.ensure(patient())).toHaveLength(32);
  });

  it('makes different keys for owners whose names run together', async () => {
    const vault = await vaultIn(await temporaryFolder());
    const keys = await Promise.all(
      ['a', 'a/clinical', 'clinical/a', ''].map((subject) => vault.ensure(patient(subject))),
    );
    expect(new Set(keys.map(String)).size).toBe(4);
  });
});
