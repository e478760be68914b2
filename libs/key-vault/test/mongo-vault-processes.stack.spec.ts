import { describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { FileKeyEncryption } from '../src/embedded/index.ts';
import type { KeyOwner } from '../src/index.ts';
import { MongoKeyVault, type MongoKeyVaultOptions } from '../src/mongo/index.ts';
import { child } from './child-process.ts';
import { onDatabase, preparedDatabase, type TestDatabase } from './engines.ts';
import type { Order } from './mongo-child.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

// Real engines on a busy machine take their time.
jest.setTimeout(120_000);

const patient = (subject: string = randomUUID()): KeyOwner => ({ subject, dataClass: 'clinical' });
const hex = (key: Uint8Array | undefined): string | undefined => key && Buffer.from(key).toString('hex');
const subjects = (count: number): string[] => Array.from({ length: count }, () => randomUUID());
const gone = 'key-destroyed';

interface Place extends TestDatabase {
  readonly keyFile: string;
}

async function place(): Promise<Place> {
  const keyFile = join(await temporaryFolder(), 'kek.json');
  await FileKeyEncryption.open(keyFile, { create: true });
  return { ...(await preparedDatabase()), keyFile };
}

async function vaultAt(
  { keyFile, ...where }: Place,
  options: Partial<MongoKeyVaultOptions> = {},
): Promise<MongoKeyVault> {
  const encryption = await FileKeyEncryption.open(keyFile, { create: false });
  const vault = await MongoKeyVault.open({ ...where, encryption, settleMs: 100, ...options });
  afterwards(() => vault.close());
  return vault;
}

class OtherProcess {
  readonly process: ChildProcess;

  constructor({ url, database, keyFile }: Place) {
    this.process = child('mongo-child.ts', url, database, keyFile);
  }

  static async start(where: Place): Promise<OtherProcess> {
    const other = new OtherProcess(where);
    await once(other.process, 'message');
    return other;
  }

  async ask<T = string[]>(order: Order): Promise<T> {
    this.process.send(order);
    for (;;) {
      const [message] = (await once(this.process, 'message')) as [{ answer?: T }];
      if ('answer' in message) return message.answer as T;
    }
  }
}

describe('two processes on one vault', () => {
  it('agree on every key that both make at once, and on the vault’s own secret', async () => {
    const where = await place();
    // Both open the new vault at the same time as well.
    const [one, other] = await Promise.all([OtherProcess.start(where), OtherProcess.start(where)]);
    const wanted = subjects(400);
    const order: Order = { do: 'ensure', subjects: wanted };
    const [mine, theirs] = await Promise.all([one.ask(order), other.ask({ ...order, subjects: wanted.toReversed() })]);
    expect(mine).toEqual(theirs.toReversed());
    expect(new Set(mine).size).toBe(400);
    expect(mine.every((key) => /^[0-9a-f]{64}$/.test(key))).toBe(true);
    expect(await one.ask({ do: 'hash' })).toBe(await other.ask({ do: 'hash' }));
  });

  it('agree that a key is gone when one makes what the other destroys', async () => {
    const where = await place();
    const [one, other] = await Promise.all([OtherProcess.start(where), OtherProcess.start(where)]);
    for (let round = 0; round < 3; round++) {
      const wanted = subjects(60);
      const [made] = await Promise.all([
        one.ask({ do: 'ensure', subjects: wanted }),
        other.ask({ do: 'destroy', subjects: wanted.toReversed() }),
      ]);
      expect(made.every((key) => key === gone || /^[0-9a-f]{64}$/.test(key))).toBe(true);
      const all = wanted.map(() => gone);
      expect(await other.ask({ do: 'get', subjects: wanted })).toEqual(all);
      expect(await other.ask({ do: 'ensure', subjects: wanted })).toEqual(all);
      const third = await vaultAt(where);
      for (const subject of wanted.slice(0, 5))
        await expect(third.ensure(patient(subject))).rejects.toMatchObject({ code: gone });
    }
    const left = await onDatabase(where, (connection) =>
      connection.db!.collection('vault_keys').countDocuments({ wrapped: { $exists: true } }),
    );
    expect(left).toBe(1); // the vault's own secret
  });

  it('use no destroyed key longer than the bound, and keep those that stand', async () => {
    const where = await place();
    const vault = await vaultAt(where);
    const other = await OtherProcess.start(where);
    const [erased, kept] = [randomUUID(), randomUUID()];
    const [, before] = await other.ask({ do: 'ensure', subjects: [erased, kept] });
    expect(await other.ask({ do: 'cached', subjects: [kept] })).toEqual([before]);
    await vault.destroy(erased);
    let cached: string[];
    // A second at most, by the design of the lease and not by this test: it ends when the key is dropped.
    do cached = await other.ask({ do: 'cached', subjects: [erased] });
    while (cached[0] !== 'none');
    expect(await other.ask({ do: 'get', subjects: [erased, kept] })).toEqual([gone, before]);
    expect(await other.ask({ do: 'ensure', subjects: [erased] })).toEqual([gone]);
  });

  it('both wrap under the new version after one of them rotated, also with keys that were just on their way', async () => {
    const where = await place();
    const vault = await vaultAt(where);
    const other = await OtherProcess.start(where);
    await other.ask({ do: 'ensure', subjects: subjects(10) });
    const wanted = subjects(120);
    const [keys] = await Promise.all([other.ask({ do: 'ensure', subjects: wanted }), vault.rotate()]);
    await vault.rotate();
    const late = subjects(3);
    const lateKeys = await other.ask({ do: 'ensure', subjects: late });
    expect(await other.ask<number>({ do: 'version' })).toBe(3);
    // The file has no earlier version any more: whatever a new process can read is wrapped under this one.
    const fresh = await vaultAt(where);
    expect(await Promise.all([...wanted, ...late].map(async (one) => hex(await fresh.get(patient(one)))))).toEqual([
      ...keys,
      ...lateKeys,
    ]);
  });
});

describe('a rotation', () => {
  it('that was killed is finished by the next one, under the same version, and rewraps only the rest', async () => {
    const where = await place();
    const vault = await vaultAt(where);
    const owners = subjects(700).map((subject) => patient(subject));
    const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
    const other = await OtherProcess.start(where);
    other.process.send({ do: 'rotate' } satisfies Order);
    const [{ progress }] = (await once(other.process, 'message')) as [{ progress: [number, number] }];
    other.process.kill('SIGKILL');
    await once(other.process, 'exit');
    expect(progress).toEqual([250, 701]);
    vault.evict();
    expect(await Promise.all(owners.map((owner) => vault.get(owner)))).toEqual(keys);

    const steps: number[] = [];
    const { version, rewrapped } = await (await vaultAt(where)).rotate((done) => steps.push(done));
    expect(version).toBe(2);
    expect(rewrapped).toBeLessThanOrEqual(451);
    expect(rewrapped).toBeGreaterThan(0);
    expect(steps.at(-1)).toBe(rewrapped);
    expect((await vault.rotate()).version).toBe(3); // that one was through
    vault.evict();
    expect(await Promise.all(owners.map((owner) => vault.get(owner)))).toEqual(keys);
  });

  it('leaves no key that an earlier key-encryption key opens', async () => {
    const where = await place();
    const vault = await vaultAt(where);
    await Promise.all(subjects(20).map((subject) => vault.ensure(patient(subject))));
    const stolen = `${where.keyFile}.stolen`;
    await copyFile(where.keyFile, stolen);
    await vault.rotate();
    await expect(vaultAt({ ...where, keyFile: stolen })).rejects.toMatchObject({ code: 'vault-key-wrong' });
    await expect(vaultAt(where)).resolves.toBeDefined();
  });

  it('ends when the vault is closed', async () => {
    const where = await place();
    const vault = await vaultAt(where, { settleMs: 60_000 });
    await vault.ensure(patient());
    let told = (): void => undefined;
    const begun = new Promise<void>((resolve) => (told = resolve));
    const rotation = vault.rotate(() => told());
    const outcome = expect(rotation).rejects.toMatchObject({ code: 'stopping' });
    await begun;
    await vault.close();
    await outcome;
    expect((await (await vaultAt(where)).rotate()).version).toBe(2);
  });
});
