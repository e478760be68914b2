import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { SealedJournal } from '@anamnesis/journal';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { AuditTree, type AuditTreeOptions } from '../../src/audit-tree.ts';
import { openCheckpoint, openSigner } from '../../src/checkpoint/index.ts';
import { accessFacts, accessStream } from '@anamnesis/access';
import { leafHash, verifyConsistency, verifyInclusion } from '../../src/tree/index.ts';
import { verifyFolder } from '../../src/verify/index.ts';
import { appendEvents, temporaryFolder, uuidOf } from '../audit-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: EmbeddedEventStore;
let vault: EmbeddedKeyVault;

beforeEach(async () => {
  folder = temporaryFolder();
  store = await EmbeddedEventStore.open({ folder: folder.path });
  vault = await EmbeddedKeyVault.open({ folder: folder.path });
});
afterEach(async () => {
  await store.close();
  await vault.close();
  folder.remove();
});

const openTree = (options: Partial<AuditTreeOptions> = {}): Promise<AuditTree> =>
  AuditTree.open({ folder: folder.path, head: store.headSignal, ...options });
const publicKey = (): string => openSigner(join(folder.path, 'audit')).verifier.line;
const covered = (note: string): { size: number; root: Uint8Array } => {
  const opened = openCheckpoint(note, openSigner(join(folder.path, 'audit')).verifier);
  if (!opened.ok) throw new Error(opened.reason);
  return opened.checkpoint;
};

/** One access record of a caller who saw these patients. */
async function recordAccess(...patients: string[]): Promise<number> {
  const facts = accessFacts({ type: 'PatientDataRead', facts: { patients, from: '127.0.0.1', requestId: 'r' } });
  const committed = await new SealedJournal(store, vault).commit(
    [{ stream: accessStream(Date.now()), expected: 'any', facts, dataClass: 'access' }],
    { command: randomUUID(), actor: { id: 'a', role: 'nurse', purpose: 'TREAT' }, correlation: 'r' },
  );
  if (!committed.ok) throw new Error('not committed');
  return committed.position;
}

describe('the audit tree', () => {
  it('goes on when a log that was away is back', async () => {
    const away = new SharedArrayBuffer(8);
    const [state, module] = [new Int32Array(away), new URL('./unsteady-source.ts', import.meta.url).href];
    await appendEvents(store, 10);
    const tree = await openTree({ source: { module, options: { folder: folder.path, away } } });
    expect(covered(await tree.checkpoint()).size).toBe(10);
    Atomics.store(state, 0, 1);
    await appendEvents(store, 10, 10);
    const asked = tree.checkpoint();
    while (Atomics.load(state, 1) < 3) await sleep(10);
    expect(tree.failure).toBeUndefined();
    Atomics.store(state, 0, 0);
    expect(covered(await asked).size).toBe(20);
    await tree.close();
  });

  it('ends while the log is away', async () => {
    const away = new SharedArrayBuffer(8);
    const [state, module] = [new Int32Array(away), new URL('./unsteady-source.ts', import.meta.url).href];
    const tree = await openTree({ source: { module, options: { folder: folder.path, away } } });
    Atomics.store(state, 0, 1);
    while (Atomics.load(state, 1) < 3) await sleep(10);
    await expect(tree.close()).resolves.toBeUndefined();
  });

  it('follows the log, and its checkpoints, proofs and the verifier agree', async () => {
    const tree = await openTree();
    await appendEvents(store, 700);
    const first = covered(await tree.checkpoint());
    expect(first.size).toBe(700);
    await appendEvents(store, 600, 700);
    const note = await tree.checkpoint();
    const second = covered(note);
    expect(second.size).toBe(1_300);
    expect(tree.newestCheckpoint()?.note).toBe(note);

    const merkle = tree.index.tree;
    const claim = { from: 700, to: 1_300, fromRoot: first.root, toRoot: second.root };
    expect(verifyConsistency(claim, merkle.consistency(700, 1_300))).toBe(true);
    const [raw] = store.readRawSync(899, 1);
    const inclusion = { leaf: 899, size: 1_300, leafHash: leafHash(raw!.bytes), root: second.root };
    expect(verifyInclusion(inclusion, merkle.inclusion(899, 1_300))).toBe(true);
    await tree.close();
    const result = await verifyFolder({ folder: folder.path, checkpoint: note, publicKey: publicKey() });
    expect(result).toMatchObject({ status: 'verified', events: 1_300 });
  });

  it('knows where the events and streams of a patient are', async () => {
    const tree = await openTree();
    await appendEvents(store, 60);
    await tree.waitFor(60, 10_000);
    const patient = uuidOf('patient 3');
    expect(tree.positionsOf([patient])).toEqual([4, 14, 24, 34, 44, 54]);
    expect(tree.positionsOf([patient], 34)).toEqual([4, 14, 24, 34]);
    expect(tree.positionsOf([patient, uuidOf('patient 0'), patient], 14)).toEqual([1, 4, 11, 14]);
    expect(tree.positionsOf([uuidOf('nobody'), 'no uuid'])).toEqual([]);
    const streams = [3, 13, 23, 33, 43, 53].map((at) => `observation-${uuidOf(`stream ${Math.floor(at / 3)}`)}`);
    expect(tree.streamsOf(patient).sort()).toEqual(streams.sort());
    expect(tree.streamsOf('nobody')).toEqual([]);
    await tree.close();
  });

  it('indexes access records by every patient they name', async () => {
    const tree = await openTree();
    await appendEvents(store, 20);
    const [anna, bert] = [uuidOf('patient 1'), uuidOf('patient 2')];
    const both = await recordAccess(anna, bert);
    const one = await recordAccess(bert);
    await recordAccess();
    await tree.waitFor(one, 10_000, { disclosures: true });
    expect([...tree.index.trailOf(bert, Number.MAX_SAFE_INTEGER)]).toEqual([
      { position: one, place: 0 },
      { position: both, place: 1 },
      { position: 13, place: 0 },
      { position: 3, place: 0 },
    ]);
    expect([...tree.index.trailOf(anna, both)].map(({ position }) => position)).toEqual([both, 12, 2]);
    await tree.close();
  });

  it('gives up waiting for what never comes', async () => {
    const tree = await openTree();
    await expect(tree.waitFor(1, 30)).rejects.toMatchObject({ code: 'read-model-behind', retryable: true });
    await tree.close();
    await expect(tree.waitFor(1, 30)).rejects.toMatchObject({ code: 'stopping' });
    await expect(tree.checkpoint()).rejects.toMatchObject({ code: 'stopping' });
    expect(() => tree.index).toThrow(expect.objectContaining({ code: 'read-model-unavailable' }));
  });

  it('goes on where it was, and signs a checkpoint when it stops', async () => {
    await appendEvents(store, 300);
    let tree = await openTree();
    await tree.close();
    expect(tree.newestCheckpoint()?.size).toBe(300);
    await appendEvents(store, 300, 300);
    tree = await openTree();
    await tree.close();
    expect(tree.newestCheckpoint()?.size).toBe(600);
    expect(await verifyFolder({ folder: folder.path, publicKey: publicKey() })).toMatchObject({ findings: [] });
  });

  it('is made anew from the log when its files are lost', async () => {
    await appendEvents(store, 300);
    const before = await openTree();
    await before.close();
    for (const file of ['tree.sqlite', 'tree.sqlite-wal', 'tree.sqlite-shm']) {
      rmSync(join(folder.path, 'audit', file), { force: true });
    }
    const tree = await openTree();
    await tree.waitFor(300, 10_000);
    expect(covered(await tree.checkpoint())).toEqual(covered(before.newestCheckpoint()!.note));
    await tree.close();
  });

  it('signs by itself after so many events', async () => {
    const tree = await openTree({ checkpointEveryEvents: 100, pauseMs: 1 });
    await appendEvents(store, 250);
    await tree.waitFor(250, 10_000);
    let signed = tree.newestCheckpoint();
    for (let tries = 0; !signed && tries < 500; tries += 1) {
      await sleep(10);
      signed = tree.newestCheckpoint();
    }
    expect(signed?.size).toBeGreaterThanOrEqual(100);
    await tree.close();
  });

  it('refuses a log that is an older copy or was altered, unless an officer decides to take it', async () => {
    await appendEvents(store, 300);
    await (await openTree()).close();
    await store.close();
    const log = new DatabaseSync(join(folder.path, 'log.sqlite'));
    log.exec('DELETE FROM events WHERE position > 290');
    log.close();
    const without = { folder: folder.path };
    await expect(AuditTree.open(without)).rejects.toMatchObject({ code: 'store-corrupt' });
    // Without its tree it is the newest checkpoint that tells.
    rmSync(join(folder.path, 'audit', 'tree.sqlite'));
    const suspicious = await AuditTree.open(without);
    await expect(suspicious.waitFor(300, 10_000)).rejects.toMatchObject({ code: 'store-corrupt' });
    expect(suspicious.failure).toMatchObject({ code: 'store-corrupt' });
    await suspicious.close();
    expect(suspicious.newestCheckpoint()?.size).toBe(300);

    const accepted = await AuditTree.open({ ...without, acceptOtherLog: true });
    await accepted.waitFor(290, 10_000);
    expect(covered(await accepted.checkpoint()).size).toBe(290);
    await accepted.close();
  });
});
