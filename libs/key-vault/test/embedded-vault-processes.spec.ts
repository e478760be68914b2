import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EmbeddedKeyVault } from '../src/embedded/index.ts';
import type { KeyOwner } from '../src/index.ts';
import { child } from './child-process.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const patient = (subject: string = randomUUID()): KeyOwner => ({ subject, dataClass: 'clinical' });
const hex = (key: Uint8Array | undefined): string | undefined => key && Buffer.from(key).toString('hex');

async function vaultIn(folder: string): Promise<EmbeddedKeyVault> {
  const vault = await EmbeddedKeyVault.open({ folder });
  afterwards(() => vault.close());
  return vault;
}

/** Lets a child work until it has said `count` things, then kills it; what it said. */
async function killedAfter<T>(count: number, script: string, ...args: string[]): Promise<T[]> {
  const process = child(script, ...args);
  const said: T[] = [];
  process.on('message', (message: T) => {
    said.push(message);
    if (said.length === count) process.kill('SIGKILL');
  });
  await once(process, 'exit');
  return said;
}

describe('kill -9', () => {
  it('loses no key whose promise had resolved', async () => {
    const folder = await temporaryFolder();
    const acknowledged: { subject: string; key: string }[] = [];
    for (const count of [1, 100, 400]) {
      acknowledged.push(
        ...(await killedAfter<{ subject: string; key: string }>(count, 'writer-child.ts', folder, 'ensure')),
      );
    }
    const vault = await vaultIn(folder);
    expect(acknowledged.length).toBeGreaterThanOrEqual(501);
    for (const { subject, key } of acknowledged) expect(hex(await vault.get(patient(subject)))).toBe(key);
  });

  it('during a rotation leaves every key as it was, and the next rotation finishes it', async () => {
    const folder = await temporaryFolder();
    const before = await vaultIn(folder);
    const owners = Array.from({ length: 2_000 }, () => patient());
    const keys = await Promise.all(owners.map((owner) => before.ensure(owner)));
    const gone = patient();
    await before.ensure(gone);
    await before.destroy(gone.subject);
    const hash = before.keyedHash('p', 't');
    await before.close();
    for (const count of [1, 2, 3]) await killedAfter(count, 'writer-child.ts', folder, 'rotate');
    const vault = await vaultIn(folder);
    expect(await Promise.all(owners.map((owner) => vault.get(owner)))).toEqual(keys);
    expect((await vault.rotate()).rewrapped).toBe(owners.length + 1);
    vault.evict();
    expect(await Promise.all(owners.map((owner) => vault.get(owner)))).toEqual(keys);
    await expect(vault.get(gone)).rejects.toMatchObject({ code: 'key-destroyed' });
    expect(vault.keyedHash('p', 't')).toBe(hash);
  });
});

interface Asks {
  ask(ask: 'get' | 'cached', subject: string): Promise<unknown>;
}

async function readerInThread(folder: string): Promise<Asks> {
  const worker = new Worker(here('reader-child.ts'), { workerData: folder });
  afterwards(() => worker.terminate());
  await once(worker, 'message');
  return {
    async ask(ask, subject) {
      worker.postMessage({ ask, subject });
      return (await once(worker, 'message'))[0];
    },
  };
}

async function readerInProcess(folder: string): Promise<Asks> {
  const process = child('reader-child.ts', folder);
  await once(process, 'message');
  return {
    async ask(ask, subject) {
      process.send({ ask, subject });
      return (await once(process, 'message'))[0];
    },
  };
}

describe('a reader', () => {
  it('in another thread has new keys at once, and no destroyed one from the moment `destroy` resolved', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    const reader = await readerInThread(folder);
    const { subject } = patient();
    expect(await reader.ask('get', subject)).toEqual({ key: undefined });
    const key = hex(await vault.ensure(patient(subject)));
    expect(await reader.ask('get', subject)).toEqual({ key });
    await vault.rotate();
    expect(await reader.ask('cached', subject)).toEqual({ cached: key });
    await vault.destroy(subject);
    expect(await reader.ask('cached', subject)).toEqual({ cached: undefined });
    expect(await reader.ask('get', subject)).toEqual({ fault: 'key-destroyed' });
  });

  it('in another process has new keys at once, also after a rotation, and soon no destroyed one', async () => {
    const folder = await temporaryFolder();
    const vault = await vaultIn(folder);
    const reader = await readerInProcess(folder);
    const { subject } = patient();
    const key = hex(await vault.ensure(patient(subject)));
    await vault.rotate();
    expect(await reader.ask('get', subject)).toEqual({ key });
    await vault.destroy(subject);
    // It asks the database ten times a second at most, so it may still answer for a moment.
    let cached: unknown;
    do cached = await reader.ask('cached', subject);
    while ((cached as { cached?: string }).cached !== undefined);
    expect(await reader.ask('get', subject)).toEqual({ fault: 'key-destroyed' });
  });

  it('and the vault agree when two processes make the same key at once', async () => {
    const folder = await temporaryFolder();
    const [one, other] = [await vaultIn(folder), await vaultIn(folder)];
    const owners = Array.from({ length: 300 }, () => patient());
    const [mine, theirs] = await Promise.all(
      [one, other].map((vault) => Promise.all(owners.map(async (owner) => [...(await vault.ensure(owner))]))),
    );
    expect(mine).toEqual(theirs);
  });
});
