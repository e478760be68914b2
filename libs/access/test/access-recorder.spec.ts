import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { SealedJournal } from '@anamnesis/journal';
import { newId } from '@anamnesis/kernel';
import { auditMonth } from '@anamnesis/key-vault';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { AccessRecorder } from '../src/access-recorder.ts';
import { type AccessEntry, accessStream, readAccessFacts } from '../src/access.ts';
import { AccessSpool } from '../src/access-spool.ts';
import { SealedSpool } from '../src/sealed-spool.ts';
import { temporaryFolder, uuidOf } from './scratch.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const actor = { id: uuidOf('nurse'), role: 'nurse', purpose: 'TREAT' };
const read = (...patients: string[]): AccessEntry => ({
  type: 'PatientDataRead',
  facts: { patients, from: '127.0.0.1', requestId: 'r', query: 'Patient?family=Canary' },
});

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

const recorderOver = (from: EmbeddedEventStore, spool?: SealedSpool): AccessRecorder =>
  new AccessRecorder({ journal: new SealedJournal(from, vault), now: () => NOW, ...(spool ? { spool } : {}) });
const records = async () => (await new SealedJournal(store, vault).load(accessStream(NOW))).facts;
const openSpool = async (bytes = 64 * 1024): Promise<SealedSpool> =>
  new SealedSpool(await AccessSpool.open(join(folder.path, 'spool'), bytes), vault);

describe('recording an access', () => {
  it('is durable when it resolves, sealed under the month, in the stream of the day', async () => {
    await recorderOver(store).record({ actor, correlation: 'c' }, read(uuidOf('Anna')));
    const [fact] = await records();
    expect(fact).toMatchObject({
      type: 'PatientDataRead',
      meta: { actor, sealedBy: auditMonth(NOW), dataClass: 'access' },
    });
    expect(readAccessFacts(fact!)).toMatchObject({ patients: [uuidOf('Anna')], query: 'Patient?family=Canary' });
    expect(Buffer.from(store.readRawSync(0, 1)[0]!.bytes).includes('Canary')).toBe(false);
  });

  it('makes one commit of what one request records in one tick', async () => {
    const recorder = recorderOver(store);
    const one = { actor, correlation: 'one' };
    await Promise.all([
      recorder.record(one, read(uuidOf('Anna'))),
      recorder.record(one, read(uuidOf('Bert'))),
      recorder.record({ actor, correlation: 'two' }, read()),
    ]);
    const commands = (await records()).map(({ meta }) => [meta.correlation, meta.command]);
    expect(commands).toHaveLength(3);
    expect(new Set(commands.map(([, command]) => command)).size).toBe(2);
  });

  it('splits a record of very many patients, and names none twice', async () => {
    const patients = Array.from({ length: 10_001 }, () => newId());
    await recorderOver(store).record({ actor, correlation: 'c' }, read(...patients, patients[0]!));
    const found = (await records()).map((fact) => readAccessFacts(fact).patients);
    expect(found.map(({ length }) => length)).toEqual([10_000, 1]);
    expect(found.flat()).toEqual(patients);
  });

  it('cuts a query that is longer than any evidence', async () => {
    const entry = read();
    await recorderOver(store).record(
      { actor, correlation: 'c' },
      { ...entry, facts: { ...entry.facts, query: 'x'.repeat(99_999) } },
    );
    expect(readAccessFacts((await records())[0]!).query).toHaveLength(16 * 1024);
  });
});

describe('when the disk of the store is full', () => {
  /** A store that has no room left, whose folder is the same vault's. */
  async function fullStore(): Promise<{ full: EmbeddedEventStore; close(): Promise<void> }> {
    const other = temporaryFolder();
    const full = await EmbeddedEventStore.open({ folder: other.path, limitBytes: 8192 * 9 });
    return {
      full,
      async close() {
        await full.close();
        other.remove();
      },
    };
  }

  /** Records until the store refuses; what comes after it stays refused. */
  async function fillUp(recorder: AccessRecorder): Promise<void> {
    const entry = read();
    const large = { ...entry, facts: { ...entry.facts, query: 'x'.repeat(16 * 1024) } };
    for (let at = 0; at < 20; at += 1) await recorder.record({ actor, correlation: `fill ${at}` }, large);
  }

  it('fails without a spool', async () => {
    const { full, close } = await fullStore();
    await expect(fillUp(recorderOver(full))).rejects.toMatchObject({ code: 'store-full' });
    await close();
  });

  it('goes to the reserved space, sealed, and from there into the log, once', async () => {
    const { full, close } = await fullStore();
    await expect(fillUp(recorderOver(full))).rejects.toMatchObject({ code: 'store-full' });
    let spool = await openSpool();
    await spool.prepare(NOW);
    const recorder = recorderOver(full, spool);
    await recorder.record(
      { actor, correlation: 'in an emergency' },
      read(uuidOf('Anna'), ...Array.from({ length: 500 }, () => newId())),
    );
    await recorder.record(
      { actor, correlation: 'and another' },
      read(uuidOf('Bert'), ...Array.from({ length: 500 }, () => newId())),
    );
    expect(spool.isEmpty).toBe(false);
    expect(readFileSync(join(folder.path, 'spool')).includes('Canary')).toBe(false);
    await expect(recorder.drain()).rejects.toMatchObject({ code: 'store-full' });
    await spool.close();

    spool = await openSpool();
    expect(spool.isEmpty).toBe(false);
    const later = recorderOver(store, spool);
    await later.drain();
    expect(spool.isEmpty).toBe(true);
    expect((await records()).map(({ meta }) => meta.correlation)).toEqual(['in an emergency', 'and another']);
    await later.drain();
    expect(await records()).toHaveLength(2);
    await spool.close();
    await close();
  });

  it('fails when the reserved space is used up as well', async () => {
    const { full, close } = await fullStore();
    await expect(fillUp(recorderOver(full))).rejects.toMatchObject({ code: 'store-full' });
    const spool = await openSpool(8 * 1024);
    await spool.prepare(NOW);
    await expect(fillUp(recorderOver(full, spool))).rejects.toMatchObject({ code: 'store-full' });
    await spool.close();
    await close();
  });
});
