import { describe, expect, it } from '@jest/globals';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MountedKeyEncryption } from '../src/mounted/index.ts';
import { temporaryFolder } from './temporary.ts';

const owner = { subject: 'a', dataClass: 'clinical' };
const key = new Uint8Array(32).fill(7);
const wrong = { code: 'vault-key-wrong', retryable: false };
const posix = process.platform === 'win32' ? it.skip : it;

const add = (folder: string, version: number, mode = 0o440): Promise<void> =>
  writeFile(join(folder, `kek-${version}`), `${Buffer.alloc(32, version).toString('base64')}\n`, { mode });

async function folderWith(...versions: number[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const version of versions) await add(folder, version);
  return folder;
}

describe('mounted key-encryption keys', () => {
  it('wrap under the newest and unwrap what is theirs', async () => {
    const encryption = await MountedKeyEncryption.open(await folderWith(1, 2, 10));
    const wrapped = encryption.wrap(owner, key);
    expect(wrapped.version).toBe(10);
    expect([...(await encryption.unwrap(owner, wrapped))]).toEqual([...key]);
    await expect(encryption.unwrap({ ...owner, subject: 'b' }, wrapped)).rejects.toMatchObject(wrong);
    await expect(encryption.unwrap({ ...owner, dataClass: 'access' }, wrapped)).rejects.toMatchObject(wrong);
    await expect(encryption.unwrap(owner, { ...wrapped, version: 2 })).rejects.toMatchObject(wrong);
    await expect(encryption.unwrap(owner, { ...wrapped, version: 3 })).rejects.toMatchObject(wrong);
    await expect(encryption.unwrap(owner, { ...wrapped, bytes: new Uint8Array(5) })).rejects.toMatchObject(wrong);
  });

  it('go back to the version in force, and find one that was mounted later', async () => {
    const folder = await folderWith(1, 2);
    const encryption = await MountedKeyEncryption.open(folder);
    await encryption.reach(1);
    expect(encryption.wrap(owner, key).version).toBe(1);
    await encryption.reach(3);
    expect(encryption.wrap(owner, key).version).toBe(1); // it has not come yet
    await add(folder, 3);
    await encryption.reach(3);
    expect(encryption.wrap(owner, key).version).toBe(3);
  });

  it('rotate to a file that was added, and only then', async () => {
    const folder = await folderWith(1);
    const encryption = await MountedKeyEncryption.open(folder);
    const before = encryption.wrap(owner, key);
    await expect(encryption.rotate()).rejects.toMatchObject(wrong);
    await add(folder, 2);
    expect(await encryption.rotate()).toBe(2);
    expect(encryption.wrap(owner, key).version).toBe(2);
    expect([...(await encryption.unwrap(owner, before))]).toEqual([...key]);
    await rm(join(folder, 'kek-1'));
    encryption.retireBefore(2);
    await expect(encryption.unwrap(owner, before)).rejects.toMatchObject(wrong);
  });

  it('go on wrapping when the file in use is taken away too early', async () => {
    const folder = await folderWith(1);
    const encryption = await MountedKeyEncryption.open(folder);
    await add(folder, 2);
    await rm(join(folder, 'kek-1'));
    await encryption.reach(5); // reads the folder
    expect(encryption.wrap(owner, key).version).toBe(1);
  });

  it.each(['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')])(
    'of %j are refused',
    async (content) => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, 'kek-1'), content, { mode: 0o400 });
      await expect(MountedKeyEncryption.open(folder)).rejects.toMatchObject(wrong);
    },
  );

  it('that are not there are refused', async () => {
    const folder = await temporaryFolder();
    await expect(MountedKeyEncryption.open(folder)).rejects.toMatchObject(wrong);
    await expect(MountedKeyEncryption.open(join(folder, 'none'))).rejects.toMatchObject(wrong);
    await writeFile(join(folder, 'kek-0'), Buffer.alloc(32).toString('base64'), { mode: 0o400 });
    await expect(MountedKeyEncryption.open(folder)).rejects.toMatchObject(wrong);
  });

  posix.each([0o444, 0o460, 0o604])('of mode %i are refused', async (mode) => {
    const folder = await folderWith(1);
    await chmod(join(folder, 'kek-1'), mode);
    await expect(MountedKeyEncryption.open(folder)).rejects.toMatchObject(wrong);
  });
});
