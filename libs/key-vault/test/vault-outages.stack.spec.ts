import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startMongo, startOpenBao, type RunningMongo, type RunningOpenBao } from '@anamnesis/stack/engines';
import type { KeyOwner } from '../src/index.ts';
import { MongoKeyVault } from '../src/mongo/index.ts';
import { openTransit, preparedDatabase, transitSettings } from './engines.ts';
import { afterwards } from './temporary.ts';

// Real engines on a busy machine take their time.
jest.setTimeout(120_000);

const patient = (subject: string = randomUUID()): KeyOwner => ({ subject, dataClass: 'clinical' });
const unavailable = { code: 'vault-unavailable', retryable: true };
const STARTING_MS = 120_000;

describe('a key management service that', () => {
  let bao: RunningOpenBao;
  beforeAll(async () => {
    bao = await startOpenBao();
  }, STARTING_MS);
  afterAll(() => bao.stop());

  async function vaultUnderBao(): Promise<MongoKeyVault> {
    const encryption = await openTransit({ ...transitSettings(bao.url, bao.token), timeoutMs: 1_000 });
    const vault = await MongoKeyVault.open({ ...(await preparedDatabase()), encryption, settleMs: 100 });
    afterwards(() => vault.close());
    return vault;
  }

  const outages = [
    ['is paused', () => bao.pause(), () => bao.resume()],
    ['is killed', () => bao.kill(), () => bao.restart()],
  ] as const;

  it.each(outages)('%s stops new keys and no cached ones, and is used again when it is back', async (_, off, on) => {
    const vault = await vaultUnderBao();
    const [known, evicted, fresh] = [patient(), patient(), patient()];
    const key = await vault.ensure(known);
    const other = await vault.ensure(evicted);
    vault.evict(evicted.subject);
    await off();
    try {
      await expect(vault.ensure(fresh)).rejects.toMatchObject(unavailable);
      await expect(vault.get(evicted)).rejects.toMatchObject(unavailable);
      await expect(vault.rotate()).rejects.toMatchObject(unavailable);
      expect(await vault.get(known)).toEqual(key);
      expect(await vault.ensure(known)).toEqual(key);
      // Nothing was stored for whom no key could be wrapped.
      expect(await vault.get(fresh)).toBeUndefined();
      // Erasing needs no key-encryption key.
      await vault.destroy(known.subject);
      await expect(vault.get(known)).rejects.toMatchObject({ code: 'key-destroyed' });
    } finally {
      await on();
    }
    expect(await vault.ensure(fresh)).toHaveLength(32);
    expect(await vault.get(evicted)).toEqual(other);
    expect((await vault.rotate()).rewrapped).toBe(3);
  });

  it('is paused while keys are written gives each of them, or a fault', async () => {
    const vault = await vaultUnderBao();
    const made = new Map<string, Uint8Array>();
    const refused: unknown[] = [];
    let writing = true;
    const writers = Array.from({ length: 8 }, async () => {
      while (writing) {
        const owner = patient();
        await vault.ensure(owner).then(
          (key) => made.set(owner.subject, key),
          (fault: unknown) => refused.push(fault),
        );
      }
    });
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until(() => made.size > 20);
    await bao.pause();
    await until(() => refused.length >= 8);
    const before = made.size;
    await bao.resume();
    await until(() => made.size > before + 20);
    writing = false;
    await Promise.all(writers);
    for (const fault of refused) expect(fault).toMatchObject(unavailable);
    vault.evict();
    for (const [subject, key] of made) expect(await vault.get(patient(subject))).toEqual(key);
  });
});

describe('a database that', () => {
  let mongo: RunningMongo;
  beforeAll(async () => {
    mongo = await startMongo();
  }, STARTING_MS);
  afterAll(() => mongo.stop());

  it('is killed stops the vault without a lie, and has every acknowledged key and tombstone when it is back', async () => {
    const where = await preparedDatabase(mongo.url);
    const encryption = await openTransit(transitSettings());
    const vault = await MongoKeyVault.open({ ...where, encryption, timeoutMs: 1_500, evictWithinMs: 200 });
    afterwards(() => vault.close());
    const owners = Array.from({ length: 50 }, () => patient());
    const keys = await Promise.all(owners.map((owner) => vault.ensure(owner)));
    const erased = patient();
    await vault.ensure(erased);
    await vault.destroy(erased.subject);
    await mongo.kill();
    try {
      await expect(vault.ensure(patient())).rejects.toMatchObject(unavailable);
      await expect(vault.destroy(owners[0]!.subject)).rejects.toMatchObject(unavailable);
      // The bound is over: whether a key still stands cannot be known, so none is used.
      await expect(vault.get(owners[1]!)).rejects.toMatchObject(unavailable);
      expect(vault.cached(owners[1]!)).toBeUndefined();
    } finally {
      await mongo.restart();
    }
    await vault.destroy(owners[0]!.subject);
    for (const gone of [erased, owners[0]!])
      await expect(vault.ensure(gone)).rejects.toMatchObject({ code: 'key-destroyed' });
    expect(await Promise.all(owners.slice(1).map((owner) => vault.get(owner)))).toEqual(keys.slice(1));
    vault.evict();
    expect(await Promise.all(owners.slice(1).map((owner) => vault.get(owner)))).toEqual(keys.slice(1));
    expect(await vault.ensure(patient())).toHaveLength(32);
  });
});
