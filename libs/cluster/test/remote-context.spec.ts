import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { SealedJournal } from '@anamnesis/journal';
import { newId } from '@anamnesis/kernel';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { RecordContext, type WriteIntent } from '@anamnesis/records';
import { createLog, HealthRegistry, type RunningService, startService } from '@anamnesis/service';
import { decisionsModule } from '../src/decisions.module.ts';
import { Peer } from '../src/peer.ts';
import { RemoteContext } from '../src/remote-context.ts';

const actor = { id: newId(), role: 'physician', purpose: 'TREAT' };

describe('a context in another process', () => {
  let folder: string;
  let store: EmbeddedEventStore;
  let vault: EmbeddedKeyVault;
  let journal: SealedJournal;
  let service: RunningService;
  let peer: Peer;
  let context: RemoteContext;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anamnesis-remote-'));
    store = await EmbeddedEventStore.open({ folder });
    vault = await EmbeddedKeyVault.open({ folder });
    journal = new SealedJournal(store, vault);
    service = await startService({
      modules: [decisionsModule({ context: new RecordContext('orders', journal), journal })],
      config: {
        host: '127.0.0.1',
        port: 0,
        publicUrl: undefined,
        trustedProxies: [],
        bodyBytes: 1e6,
        shutdownWait: 10,
      },
      log: createLog('silent'),
      health: new HealthRegistry(),
      guard: { knows: () => true, check: (_action, _request, done) => done() },
    });
    peer = new Peer({ addresses: [service.url], token: async () => 't' });
    context = new RemoteContext('orders', peer);
  });
  afterAll(async () => {
    await peer.close();
    await service.stop();
    await store.close();
    await vault.close();
    await rm(folder, { recursive: true });
  });

  const put = (id: string, command: string, more: Partial<WriteIntent> = {}): WriteIntent => {
    const value = { resourceType: 'ServiceRequest', id, meta: {}, status: 'active', note: [{ text: 'Canary' }] };
    const resource = { value, text: JSON.stringify(value) };
    const subject = newId();
    return {
      interaction: 'put',
      type: 'ServiceRequest',
      id,
      resource,
      subject,
      command: { id: command, at: 1, actor },
      ...more,
    };
  };

  it('decides sealed, each on top of those before it, and what it decided is committed once', async () => {
    const [id, other, command] = [newId(), newId(), newId()];
    const work = { command, actor, correlation: 'c' };
    const intents = [put(id, command), put(other, command)];
    const decided = await context.decide(intents, 0, work);
    expect(decided).toMatchObject([
      { ok: true, change: 'created', versionId: '1' },
      { ok: true, change: 'created', versionId: '1' },
    ]);
    const pending = decided.flatMap((one) => (one.ok ? one.pending : []));
    expect(JSON.stringify(pending)).not.toContain('Canary');
    const claim = { type: 'CommandAnswered', schema: 1, facts: { asked: 'x' } };
    const own = { stream: `command-${command}`, expected: 'none', facts: [claim], dataClass: 'clinical' } as const;
    const first = await journal.commit([...pending, own], work);
    expect(first.ok).toBe(true);
    expect(await journal.commit([...pending, own], work)).toEqual(first);
    const { facts } = await journal.load(`service-request-${id}`);
    expect(facts).toMatchObject([{ type: 'ServiceRequestRecorded', meta: { command, actor } }]);
    expect(facts[0]?.resource).toBe(intents[0]?.resource?.text);
  });

  it('answers a refusal, with what was decided before it', async () => {
    const command = newId();
    const intents = [put(newId(), command), put(newId(), command, { ifMatch: '4' }), put(newId(), command)];
    const decided = await context.decide(intents, 0, { command, actor, correlation: 'c' });
    expect(decided).toMatchObject([{ ok: true }, { ok: false, refusal: { code: 'version-conflict' } }]);
  });

  it('refuses what is no question, and quotes nothing of it', async () => {
    for (const body of ['', '{', '{"intents":"Canary"}', '[]']) {
      const answer = await fetch(`${service.url}/internal/decisions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toContain('Canary');
    }
  });
});
