import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { SealedJournal } from '@anamnesis/journal';
import { newId } from '@anamnesis/kernel';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import type { RecordContext, Unsealed, WriteIntent } from '@anamnesis/records';
import { ordersContext } from '../src/index.ts';

const actor = { id: 'physician-1', role: 'physician', purpose: 'TREAT' };

describe('the orders context', () => {
  let folder: string;
  let store: EmbeddedEventStore;
  let vault: EmbeddedKeyVault;
  let journal: SealedJournal;
  let orders: RecordContext;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-'));
    store = await EmbeddedEventStore.open({ folder });
    vault = await EmbeddedKeyVault.open({ folder });
    journal = new SealedJournal(store, vault);
    orders = ordersContext(journal);
  });
  afterAll(async () => {
    await store.close();
    await vault.close();
    await rm(folder, { recursive: true });
  });

  const decide = async (intent: Pick<WriteIntent, 'interaction' | 'type' | 'id' | 'resource'>): Promise<Unsealed> => {
    const [decided] = await orders.decide([{ ...intent, command: { id: newId(), at: 0, actor } }], 0);
    return decided!;
  };

  async function stored(type: string, status: string): Promise<string> {
    const id = newId();
    const value = { resourceType: type, id, meta: {}, status };
    const decided = await decide({ interaction: 'put', type, id, resource: { value, text: JSON.stringify(value) } });
    if (!decided.ok) throw new Error(decided.refusal.code);
    await journal.commit(decided.pending, { command: newId(), actor, correlation: 'test' });
    return id;
  }

  it.each([
    ['DiagnosticReport', 'final'],
    ['MedicationAdministration', 'completed'],
    ['MedicationDispense', 'completed'],
  ])('keeps a %s that is %s: it is entered in error, not deleted', async (type, status) => {
    const decided = await decide({ interaction: 'delete', type, id: await stored(type, status) });
    expect(decided).toMatchObject({ ok: false, refusal: { code: 'signed' } });
  });

  it('lets a preliminary report and an order be deleted', async () => {
    for (const [type, status] of [
      ['DiagnosticReport', 'preliminary'],
      ['MedicationRequest', 'draft'],
    ] as const) {
      const decided = await decide({ interaction: 'delete', type, id: await stored(type, status) });
      expect(decided).toMatchObject({ ok: true, change: 'deleted', versionId: '2' });
    }
  });

  it('ends with the first refusal', async () => {
    const value = { resourceType: 'ServiceRequest', id: newId(), meta: {}, status: 'active' };
    const resource = { value, text: JSON.stringify(value) };
    const command = { id: newId(), at: 0, actor };
    const put = { interaction: 'put', type: 'ServiceRequest', id: value.id, resource, command } as const;
    const decided = await orders.decide([put, { ...put, ifMatch: '7' }, put], 0);
    expect(decided).toMatchObject([{ ok: true }, { ok: false, refusal: { code: 'version-conflict' } }]);
  });

  it('sees the earlier decisions of the same batch', async () => {
    const id = newId();
    const value = { resourceType: 'ServiceRequest', id, meta: {}, status: 'active' };
    const intent = {
      interaction: 'put',
      type: 'ServiceRequest',
      id,
      resource: { value, text: JSON.stringify(value) },
    } as const;
    const command = { id: newId(), at: 0, actor };
    const [first, second] = await orders.decide(
      [intent, intent].map((one) => ({ ...one, command })),
      0,
    );
    expect(second).toMatchObject({ ok: true, change: 'updated', versionId: '2' });
    if (!first?.ok || !second?.ok) throw new Error('refused');
    const committed = await journal.commit([...first.pending, ...second.pending], {
      command: command.id,
      actor,
      correlation: 't',
    });
    expect(committed.ok).toBe(true);
  });
});
