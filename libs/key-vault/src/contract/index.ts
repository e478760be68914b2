/**
 * What every key vault must do. An adapter runs all cases, each on storage of its own:
 *
 *     for (const { name, run } of keyVaultContract) it(name, () => run(harness()));
 */
import assert from 'node:assert/strict';
import { hash as digest, randomUUID } from 'node:crypto';
import { Fault, type FaultCode } from '@anamnesis/kernel';
import type { KeyOwner, KeyReader, KeyVault } from '../port.ts';

/** One empty storage. The harness closes what it opened. */
export interface KeyVaultHarness {
  /** Opens the vault; a second call comes after the first vault was closed, and finds what it left. */
  open(): Promise<KeyVault>;
  /** Opens a reading side beside the open vault. */
  openReader(): Promise<KeyReader>;
}

export interface ContractCase<Harness> {
  readonly name: string;
  run(harness: Harness): Promise<void>;
}

const patient = (subject: string = randomUUID()): KeyOwner => ({ subject, dataClass: 'clinical' });

export const keyVaultContract: readonly ContractCase<KeyVaultHarness>[] = [
  {
    name: 'a key is made once, has 32 bytes, and stays the same',
    async run(harness) {
      const vault = await harness.open();
      const owner = patient();
      const key = (await vault.ensure(owner)).slice();
      assert.equal(key.length, 32);
      assert.deepEqual(await plain(vault.ensure(owner)), [...key]);
      assert.deepEqual(await plain(vault.get(owner)), [...key]);
      vault.evict();
      assert.deepEqual(await plain(vault.ensure(owner)), [...key]);
    },
  },
  {
    name: 'two who ask for one new key at once get the same one',
    async run(harness) {
      const vault = await harness.open();
      const owner = patient();
      const keys = await Promise.all(Array.from({ length: 20 }, () => plain(vault.ensure(owner))));
      for (const key of keys) assert.deepEqual(key, keys[0]);
    },
  },
  {
    name: 'no two owners share a key, neither two subjects nor two classes of one',
    async run(harness) {
      const vault = await harness.open();
      const { subject } = patient();
      const owners: KeyOwner[] = [
        { subject, dataClass: 'clinical' },
        { subject, dataClass: 'financial' },
        { subject, dataClass: 'access' },
        ...Array.from({ length: 20 }, () => patient()),
      ];
      const keys = await Promise.all(owners.map((owner) => plain(vault.ensure(owner))));
      assert.equal(new Set(keys.map(String)).size, owners.length);
    },
  },
  {
    name: 'a key that was never made is undefined, and asking does not make it',
    async run(harness) {
      const vault = await harness.open();
      const owner = patient();
      assert.equal(await vault.get(owner), undefined);
      assert.equal(vault.cached(owner), undefined);
      assert.equal(await vault.get(owner), undefined);
    },
  },
  {
    name: 'a cached key is the key, and an evicted one is cached no more',
    async run(harness) {
      const vault = await harness.open();
      const [one, other] = [patient(), patient()];
      const key = await plain(vault.ensure(one));
      await vault.ensure(other);
      assert.deepEqual([...(vault.cached(one) ?? [])], key);
      vault.evict(one.subject);
      assert.equal(vault.cached(one), undefined);
      assert.notEqual(vault.cached(other), undefined);
      vault.evict();
      assert.equal(vault.cached(other), undefined);
    },
  },
  {
    name: 'a key that somebody holds survives its eviction from the cache',
    async run(harness) {
      const vault = await harness.open();
      const owner = patient();
      const made = await vault.ensure(owner);
      const got = await vault.get(owner);
      const before = [...made];
      vault.evict();
      assert.deepEqual([...made], before);
      assert.deepEqual([...got!], before);
    },
  },
  {
    name: 'keys outlive the vault that made them',
    async run(harness) {
      const vault = await harness.open();
      const owners = Array.from({ length: 50 }, () => patient());
      const keys = await Promise.all(owners.map((owner) => plain(vault.ensure(owner))));
      await vault.close();
      const again = await harness.open();
      assert.deepEqual(await Promise.all(owners.map((owner) => plain(again.get(owner)))), keys);
    },
  },
  {
    name: 'a destroyed key is gone and is never made again, in this vault and in the next',
    async run(harness) {
      const vault = await harness.open();
      const owner = patient();
      await vault.ensure(owner);
      await vault.destroy(owner.subject);
      await isGone(vault, owner);
      await vault.close();
      await isGone(await harness.open(), owner);
    },
  },
  {
    name: 'destroying some classes leaves the others',
    async run(harness) {
      const vault = await harness.open();
      const { subject } = patient();
      await vault.ensure({ subject, dataClass: 'clinical' });
      const kept = await plain(vault.ensure({ subject, dataClass: 'financial' }));
      await vault.destroy(subject, ['clinical']);
      await isGone(vault, { subject, dataClass: 'clinical' });
      assert.deepEqual(await plain(vault.ensure({ subject, dataClass: 'financial' })), kept);
    },
  },
  {
    name: 'destroying leaves other subjects, is repeatable, and holds for a subject that never had a key',
    async run(harness) {
      const vault = await harness.open();
      const [one, other] = [patient(), patient()];
      const kept = await plain(vault.ensure(other));
      await vault.destroy(one.subject);
      await vault.destroy(one.subject);
      await isGone(vault, one);
      assert.deepEqual(await plain(vault.ensure(other)), kept);
    },
  },
  {
    name: 'a reader sees keys made after it opened, and not those destroyed after it cached them',
    async run(harness) {
      const vault = await harness.open();
      const early = patient();
      const key = await plain(vault.ensure(early));
      const reader = await harness.openReader();
      assert.deepEqual(await plain(reader.get(early)), key);
      const late = patient();
      const lateKey = await plain(vault.ensure(late));
      assert.deepEqual(await plain(reader.get(late)), lateKey);
      assert.notEqual(reader.cached(late), undefined);
      await vault.destroy(late.subject);
      assert.equal(reader.cached(late), undefined);
      await rejects(reader.get(late), 'key-destroyed');
      assert.deepEqual(await plain(reader.get(early)), key);
    },
  },
  {
    name: 'a rotation rewraps every key, reports its progress, and changes none of them',
    async run(harness) {
      const vault = await harness.open();
      const owners = Array.from({ length: 30 }, () => patient());
      const keys = await Promise.all(owners.map((owner) => plain(vault.ensure(owner))));
      const gone = patient();
      await vault.ensure(gone);
      await vault.destroy(gone.subject);
      const reader = await harness.openReader();
      const hash = vault.keyedHash('test', 'stable');
      const steps: [number, number][] = [];
      const first = await vault.rotate((done, total) => steps.push([done, total]));
      assert.ok(first.rewrapped >= owners.length);
      assert.ok(steps.length > 0 && steps.every(([done, total]) => done <= total));
      assert.equal((await vault.rotate()).version, first.version + 1);
      vault.evict();
      assert.deepEqual(await Promise.all(owners.map((owner) => plain(vault.get(owner)))), keys);
      assert.deepEqual(await Promise.all(owners.map((owner) => plain(reader.get(owner)))), keys);
      assert.equal(vault.keyedHash('test', 'stable'), hash);
      await isGone(vault, gone);
      await vault.close();
      const again = await harness.open();
      assert.deepEqual(await Promise.all(owners.map((owner) => plain(again.get(owner)))), keys);
      assert.equal(again.keyedHash('test', 'stable'), hash);
    },
  },
  {
    name: 'keys made during a rotation stay',
    async run(harness) {
      const vault = await harness.open();
      await Promise.all(Array.from({ length: 30 }, () => vault.ensure(patient())));
      const rotating = vault.rotate();
      const owners = Array.from({ length: 30 }, () => patient());
      const keys = await Promise.all(owners.map((owner) => plain(vault.ensure(owner))));
      await rotating;
      vault.evict();
      assert.deepEqual(await Promise.all(owners.map((owner) => plain(vault.get(owner)))), keys);
    },
  },
  {
    name: 'a keyed hash is 64 hex digits, the same each time, and depends on purpose, text and vault',
    async run(harness) {
      const vault = await harness.open();
      const hash = vault.keyedHash('identifier', 'urn:x|1');
      assert.match(hash, /^[0-9a-f]{64}$/);
      assert.equal(vault.keyedHash('identifier', 'urn:x|1'), hash);
      assert.notEqual(vault.keyedHash('identifier', 'urn:x|2'), hash);
      assert.notEqual(vault.keyedHash('resource-id', 'urn:x|1'), hash);
      assert.notEqual(vault.keyedHash('ab', 'c'), vault.keyedHash('a', 'bc'));
      assert.notEqual(hash, digest('sha256', 'identifierurn:x|1', 'hex'));
    },
  },
  {
    name: 'a closed vault refuses to make keys',
    async run(harness) {
      const vault = await harness.open();
      await vault.close();
      await rejects(vault.ensure(patient()), 'stopping');
      await rejects(vault.destroy(randomUUID()), 'stopping');
      await rejects(vault.rotate(), 'stopping');
    },
  },
];

/** The bytes as they are now: what a later eviction does to the buffer does not reach them. */
async function plain(key: Promise<Uint8Array | undefined>): Promise<number[] | undefined> {
  const bytes = await key;
  return bytes && [...bytes];
}

async function isGone(vault: KeyVault, owner: KeyOwner): Promise<void> {
  assert.equal(vault.cached(owner), undefined);
  await rejects(vault.get(owner), 'key-destroyed');
  await rejects(vault.ensure(owner), 'key-destroyed');
  assert.equal(vault.cached(owner), undefined);
}

async function rejects(promise: Promise<unknown>, code: FaultCode): Promise<void> {
  await assert.rejects(promise, (error: unknown) => error instanceof Fault && error.code === code);
}
