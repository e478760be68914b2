import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AccessSpool } from '../src/access-spool.ts';
import { temporaryFolder } from './scratch.ts';

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'spool');
});
afterEach(() => folder.remove());

const CAPACITY = 10_000;
const drained = async (spool: AccessSpool): Promise<string[]> => {
  const taken: string[] = [];
  await spool.drain(async (record) => void taken.push(Buffer.from(record).toString()));
  return taken;
};

describe('the spool', () => {
  it('reserves its space at the start and keeps it', async () => {
    const spool = await AccessSpool.open(path, CAPACITY);
    expect(statSync(path)).toMatchObject({ size: CAPACITY });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await Promise.all(['one', 'two', 'three'].map((text) => spool.append(Buffer.from(text))));
    await spool.append(Buffer.from('four'));
    expect(statSync(path).size).toBe(CAPACITY);
    expect(await drained(spool)).toEqual(['one', 'two', 'three', 'four']);
    expect(spool.isEmpty).toBe(true);
    expect(await drained(spool)).toEqual([]);
    await spool.close();
  });

  it('has its records again after a restart, but not one that a crash tore', async () => {
    let spool = await AccessSpool.open(path, CAPACITY);
    await spool.append(Buffer.from('whole'));
    await spool.append(Buffer.from('torn'));
    await spool.close();
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('torn')]! ^= 1;
    writeFileSync(path, bytes);
    spool = await AccessSpool.open(path, CAPACITY);
    await spool.append(Buffer.from('after'));
    expect(await drained(spool)).toEqual(['whole', 'after']);
    await spool.close();
  });

  it('keeps what was not taken', async () => {
    const spool = await AccessSpool.open(path, CAPACITY);
    await spool.append(Buffer.from('kept'));
    await expect(spool.drain(() => Promise.reject(new Error('not now')))).rejects.toThrow('not now');
    expect(await drained(spool)).toEqual(['kept']);
    await spool.close();
  });

  it('refuses what does not fit, and takes what still does', async () => {
    const spool = await AccessSpool.open(path, 100);
    await expect(spool.append(Buffer.alloc(100))).rejects.toMatchObject({ code: 'store-full' });
    await spool.append(Buffer.from('small'));
    expect(await drained(spool)).toEqual(['small']);
    await spool.close();
  });
});
