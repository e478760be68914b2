import { randomUUID } from 'node:crypto';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  collectPages,
  filesHolding,
  newFolder,
  outside,
  startServer,
  Team,
  type FhirClient,
  type Server,
} from '../src/index.ts';

const FAMILY = 'Xylophonquist';
const VALUE = 'canary-4711-0815';
const WORDS = [FAMILY, VALUE, 'Zebedee-Given', 'NoteAboutXylo'];

const person = {
  resourceType: 'Patient',
  name: [{ family: FAMILY, given: ['Zebedee-Given'] }],
  identifier: [
    {
      system: 'urn:canary',
      value: VALUE,
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
    },
  ],
};

interface Refused {
  readonly code?: string;
  readonly id: string;
}

/** What needs a folder and restarts of its own. */
const own = outside ? it.skip : it;

describe('erasure', () => {
  let folder: string;
  let ledger: string;
  let server: Server;
  let team: Team;
  let officer: FhirClient;
  let second: FhirClient;
  let physician: FhirClient;
  const folders: string[] = [];

  const env = (more: Record<string, string> = {}) => ({
    ANAMNESIS_RETENTION_CLINICAL_YEARS: '0',
    ANAMNESIS_RETENTION_FINANCIAL_YEARS: '0',
    ANAMNESIS_ERASURES: ledger,
    ...more,
  });

  async function start(at = folder, more: Record<string, string> = {}): Promise<void> {
    server = await startServer({ folder: at, env: env(more) });
    team = new Team(server);
    officer = await team.api('compliance-officer');
    second = await team.api('compliance-officer-2');
    physician = await team.as('physician');
  }

  beforeAll(async () => {
    folder = await newFolder();
    const outer = await newFolder();
    ledger = join(outer, 'erasures.log');
    folders.push(folder, outer);
    await start();
  }, 90_000);

  afterAll(async () => {
    await server?.stop();
    for (const each of folders) await rm(each, { recursive: true, force: true });
  });

  async function registered(): Promise<{ id: string; observation: string }> {
    const { status, body } = await physician.post('Patient', person);
    expect(status).toBe(201);
    const note = {
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">NoteAboutXylo</div>' },
    };
    const made = await physician.post('Observation', {
      resourceType: 'Observation',
      ...note,
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${body.id}`, display: FAMILY },
    });
    expect(made.status).toBe(201);
    return { id: body.id, observation: made.body.id };
  }

  const ask = (patient: string) =>
    officer.post<Refused>('admin/erasures', { patient, reason: 'The person asked for it.', basis: 'GDPR 17(1)(a)' });

  async function erased(id: string): Promise<void> {
    const asked = await ask(id);
    expect(asked.status).toBe(201);
    expect((await second.post(`admin/erasures/${asked.body.id}/approve`, '{}')).status).toBe(200);
  }

  async function expectGone({ id, observation }: { id: string; observation: string }): Promise<void> {
    for (const path of [
      `Patient/${id}`,
      `Patient/${id}/_history`,
      `Patient/${id}/_history/1`,
      `Observation/${observation}`,
      `Observation/${observation}/_history`,
      `Patient/${id}/$everything`,
    ]) {
      const { status, text } = await physician.get(path);
      expect([path, status]).toEqual([path, 410]);
      for (const word of WORDS) expect(text).not.toContain(word);
    }
    for (const query of [
      `Patient?_id=${id}`,
      `Patient?family=${FAMILY}`,
      `Patient?identifier=${VALUE}`,
      `Observation?patient=${id}`,
      `Observation?_id=${observation}`,
    ]) {
      const { status, body } = await physician.search(`${query}&_total=accurate`);
      expect([query, status, body.total, body.entry]).toEqual([query, 200, 0, undefined]);
    }
    const history = await collectPages(await team.as('compliance-officer'), '_history?_count=100');
    expect(history.filter(({ resource }) => resource?.id === id || resource?.id === observation)).toEqual([]);
  }

  it('needs a patient, a reason and a basis', async () => {
    expect((await ask(randomUUID())).status).toBe(404);
    const { id } = await registered();
    for (const body of [
      { patient: id },
      { patient: id, reason: '', basis: 'x' },
      { patient: id, reason: 'x', basis: 'x', extra: 1 },
      [],
      'x',
    ]) {
      expect((await officer.post('admin/erasures', body)).status).toBe(400);
    }
    expect((await second.post(`admin/erasures/${randomUUID()}/approve`, '{}')).status).toBe(404);
    await erased(id);
  });

  it('needs a second officer', async () => {
    const { id } = await registered();
    const asked = await ask(id);
    expect(asked.status).toBe(201);
    const same = await officer.post<Refused>(`admin/erasures/${asked.body.id}/approve`, '{}');
    expect([same.status, same.body.code]).toEqual([403, 'erasure-same-officer']);
    expect((await physician.get(`Patient/${id}`)).status).toBe(200);
    expect((await second.post(`admin/erasures/${asked.body.id}/approve`, '{}')).status).toBe(200);
    const again = await second.post<Refused>(`admin/erasures/${asked.body.id}/approve`, '{}');
    expect([again.status, again.body.code]).toEqual([409, 'erasure-already-approved']);
  });

  it('is refused under a legal hold, when asked for and when approved', async () => {
    const { id } = await registered();
    const hold = () => officer.post('admin/holds', { patient: id, reason: 'litigation' });
    expect((await hold()).status).toBe(201);
    expect((await hold()).status).toBe(409);
    const refused = await ask(id);
    expect([refused.status, refused.body.code]).toEqual([409, 'erasure-legal-hold']);
    expect((await officer.delete(`admin/holds/${id}?reason=over`)).status).toBe(200);
    const asked = await ask(id);
    expect((await hold()).status).toBe(201);
    const late = await second.post<Refused>(`admin/erasures/${asked.body.id}/approve`, '{}');
    expect([late.status, late.body.code]).toEqual([409, 'erasure-legal-hold']);
    expect((await officer.delete(`admin/holds/${id}`)).status).toBe(200);
    expect((await second.post(`admin/erasures/${asked.body.id}/approve`, '{}')).status).toBe(200);
  });

  it('takes everything of the person, and leaves everybody else', async () => {
    const other = (await physician.post('Patient', { resourceType: 'Patient', name: [{ family: 'Stays' }] })).body.id;
    const gone = await registered();
    await erased(gone.id);
    await expectGone(gone);
    expect((await physician.get(`Patient/${other}`)).status).toBe(200);
    expect((await physician.search(`Patient?_id=${other}`)).body.entry).toHaveLength(1);
    const again = await physician.put(`Patient/${gone.id}`, { ...person, id: gone.id });
    expect(again.status).toBe(410);
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${gone.id}` },
    };
    expect((await physician.post('Observation', observation)).status).toBeGreaterThanOrEqual(400);
    expect((await ask(gone.id)).status).toBeGreaterThanOrEqual(400);
  });

  own(
    'outlives a rebuild, a restart and the restore of an older copy',
    async () => {
      const gone = await registered();
      await server.stop({ keep: true });
      const older = await newFolder();
      folders.push(older);
      await cp(folder, older, { recursive: true });
      await start();
      await erased(gone.id);
      const rebuilt = await (await team.api('operator')).post('admin/projections/records/rebuild', '');
      expect([rebuilt.status, rebuilt.text.includes('"error"')]).toEqual([200, false]);
      await expectGone(gone);
      await server.stop({ keep: true });
      await start();
      await expectGone(gone);
      await server.stop({ keep: true });

      await start(older);
      await expectGone(gone);
      await server.stop({ keep: true });
      expect(await filesHolding(older, WORDS)).toEqual([]);
      await start();
    },
    180_000,
  );

  own(
    'is refused while retention runs, and where it is not configured',
    async () => {
      const { id } = await registered();
      await server.stop({ keep: true });
      await start(folder, { ANAMNESIS_RETENTION_CLINICAL_YEARS: '10' });
      const running = await ask(id);
      expect([running.status, running.body.code]).toEqual([409, 'erasure-retention-running']);
      await server.stop({ keep: true });
      server = await startServer({
        folder,
        env: { ANAMNESIS_ERASURES: ledger, ANAMNESIS_RETENTION_CLINICAL_YEARS: '0' },
      });
      officer = await new Team(server).api('compliance-officer');
      const unset = await ask(id);
      expect([unset.status, unset.body.code]).toEqual([409, 'erasure-retention-not-configured']);
      await server.stop({ keep: true });
      await start();
      await erased(id);
    },
    120_000,
  );

  own(
    'leaves no name in any file, nor in the ledger, nor in what was logged',
    async () => {
      const output = server.output;
      await server.stop({ keep: true });
      expect(await filesHolding(folder, WORDS)).toEqual([]);
      const written = await readFile(ledger, 'utf8');
      for (const word of WORDS) {
        expect(written).not.toContain(word);
        expect(output).not.toContain(word);
      }
      expect(written.length).toBeGreaterThan(100);
      await start();
    },
    90_000,
  );
});
