import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { type Caller, isAction } from '@anamnesis/identity';
import { createLog, HealthRegistry, type RunningService, startService } from '@anamnesis/service';
import { SealedJournal } from '@anamnesis/journal';
import { AccessRecorder } from '@anamnesis/access';
import { AuditQuestions } from '../../src/application/audit-questions.ts';
import { keptRawLog } from '../../src/raw-log.ts';
import { auditModule } from '../../src/audit.module.ts';
import { openCheckpoint, openSigner } from '../../src/checkpoint/index.ts';
import { type Audit, openAudit } from '../../src/open-audit.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../src/tree/index.ts';
import { appendEvents, temporaryFolder, uuidOf } from '../audit-folder.ts';

const folder = temporaryFolder();
let store: EmbeddedEventStore;
let vault: EmbeddedKeyVault;
let audit: Audit;
let service: RunningService;

beforeAll(async () => {
  store = await EmbeddedEventStore.open({ folder: folder.path });
  vault = await EmbeddedKeyVault.open({ folder: folder.path });
  audit = await openAudit({
    folder: folder.path,
    head: store.headSignal,
    log: store,
    raw: keptRawLog(store),
    keys: vault,
    observer: { site: 'test', observer: 'https://record.example' },
  });
  await appendEvents(store, 50);
  const { tree, trail } = audit;
  const questions = new AuditQuestions({ tree, trail, log: store, opaquePatient: (id) => id });
  const recorder = new AccessRecorder({ journal: new SealedJournal(store, vault), now: () => Date.now() });
  service = await startService({
    modules: [auditModule({ tree, trail, recorder, questions })],
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: undefined,
      trustedProxies: [],
      bodyBytes: 1_000,
      shutdownWait: 1_000,
    },
    log: createLog('error'),
    health: new HealthRegistry(),
    guard: {
      knows: isAction,
      check(_action, request, done) {
        request.caller = officer;
        done();
      },
    },
  });
});
afterAll(async () => {
  await service?.stop();
  await audit.close();
  await store.close();
  await vault.close();
  folder.remove();
});

const officer: Caller = {
  subject: uuidOf('officer'),
  role: 'compliance-officer',
  roles: ['compliance-officer'],
  facilities: [],
  purpose: 'HOPERAT',
  clientId: 'web',
  expiresAt: Number.MAX_SAFE_INTEGER,
};
const get = (path: string): Promise<Response> => fetch(`${service.url}${path}`);
const bytes = (proof: string[]): Uint8Array[] => proof.map((hash) => Buffer.from(hash, 'base64'));

async function checkpoint(): Promise<{ size: number; root: Uint8Array }> {
  const response = await get('/audit/checkpoint');
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const opened = openCheckpoint(await response.text(), openSigner(`${folder.path}/audit`).verifier);
  if (!opened.ok) throw new Error(opened.reason);
  return opened.checkpoint;
}

describe('the routes of the audit tree', () => {
  it('answer checkpoints and the proofs that hold against them', async () => {
    const older = await checkpoint();
    expect(older.size).toBe(50);
    await appendEvents(store, 30, 50);
    const newer = await checkpoint();
    expect(newer.size).toBe(80);

    const consistency = (await (await get('/audit/proof/consistency?from=50&to=80')).json()) as { proof: string[] };
    const claim = { from: 50, fromRoot: older.root, to: 80, toRoot: newer.root };
    expect(verifyConsistency(claim, bytes(consistency.proof))).toBe(true);

    const inclusion = (await (await get('/audit/proof/inclusion?leaf=7&size=80')).json()) as { proof: string[] };
    const leaf = { leaf: 7, size: 80, leafHash: leafHash(store.readRawSync(7, 1)[0]!.bytes), root: newer.root };
    expect(inclusion).toMatchObject({ leaf: 7, size: 80 });
    expect(verifyInclusion(leaf, bytes(inclusion.proof))).toBe(true);
  });

  it.each([
    '/audit/proof/inclusion',
    '/audit/proof/inclusion?leaf=0',
    '/audit/proof/inclusion?leaf=-1&size=10',
    '/audit/proof/inclusion?leaf=01&size=10',
    '/audit/proof/inclusion?leaf=1.5&size=10',
    '/audit/proof/inclusion?leaf=1e1&size=20',
    '/audit/proof/inclusion?leaf=10&size=10',
    '/audit/proof/inclusion?leaf=0&size=999999',
    '/audit/proof/inclusion?leaf=0&leaf=1&size=10',
    '/audit/proof/inclusion?leaf=99999999999999999999&size=10',
    '/audit/proof/consistency?from=1',
    '/audit/proof/consistency?from=9&to=8',
    '/audit/proof/consistency?from=0&to=999999',
    '/audit/proof/consistency?from=x&to=8',
  ])('answer 400 with a problem to %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      status: 400,
      code: expect.stringMatching(/^(no-tree-size|beyond-the-tree)$/),
    });
  });
});

describe('the trail', () => {
  const rows = async (query: string): Promise<Record<string, unknown>[]> => {
    const response = await get(`/audit/trail?${query}`);
    expect(response.status).toBe(200);
    const text = await response.text();
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('says who saw or changed a patient, and looking at it is recorded', async () => {
    const patient = uuidOf('patient 4');
    const first = await rows(`patient=${patient}`);
    expect(first.map(({ what }) => what)).toContain('ObservationRecorded');
    const second = await rows(`patient=${patient}`);
    expect(second).toHaveLength(first.length + 1);
    expect(second[0]).toMatchObject({ what: 'PatientDataRead', actor: officer.subject, role: 'compliance-officer' });
    expect((await rows(`agent=${officer.subject}`))[0]).toMatchObject({ what: 'PatientDataRead' });
  });

  it.each(['', 'patient=a&agent=b', 'patient=a&since=x', 'patient=a&until=x', 'patient=%20', 'patient=a&patient=b'])(
    'answers 400 to %p',
    async (query) => {
      expect((await get(`/audit/trail?${query}`)).status).toBe(400);
    },
  );
});
