import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@anamnesis/kernel';
import type { Condition } from '@anamnesis/read-store';
import { FACILITY_PARAM, PATIENT_FACILITY, POISON_EVENT } from '../src/index.ts';
import { actor, TestRecord } from './record.ts';

let record: TestRecord;

beforeEach(async () => {
  record = await TestRecord.open();
});

afterEach(async () => {
  await record.close();
});

const named = (prefix: string): Condition => ({ param: 'name', string: { prefix } });
const ids = async (where: Condition, type = 'Patient'): Promise<string[]> =>
  (await record.records.query({ type, where, limit: 100 })).documents.map(({ id }) => id).sort();

const seenAt = (facility: string): Condition => ({
  subjectOf: { type: PATIENT_FACILITY, where: { param: FACILITY_PARAM, token: { code: facility } } },
});

async function until(met: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await met()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come to pass.');
}

/** A patient with a name and an observation of theirs. */
async function patientNamed(family: string, by = actor): Promise<string> {
  const id = newId();
  await record.write(
    { type: 'Patient', id, subject: id, content: { name: [{ family }] }, actor: by },
    {
      type: 'Observation',
      id: newId(),
      subject: id,
      content: { status: 'final', subject: { reference: `Patient/${id}` } },
      actor: by,
    },
  );
  return id;
}

describe('following the log', () => {
  it('finds what was written before it started and after', async () => {
    const before = await patientNamed('Koch');
    await record.start();
    const after = await patientNamed('Kohl');
    await record.caughtUp();
    expect(await ids(named('ko'))).toEqual([before, after].sort());
    expect(await ids({ param: 'patient', reference: { type: 'Patient', id: after } }, 'Observation')).toHaveLength(1);
  });

  it('keeps the current version of a resource, stamped with version and time', async () => {
    await record.start();
    const id = newId();
    await record.write({ type: 'Patient', id, subject: id, content: { name: [{ family: 'Koch' }] } });
    await record.write({ type: 'Patient', id, subject: id, version: 2, content: { name: [{ family: 'Kohl' }] } });
    await record.caughtUp();
    expect(await ids(named('koch'))).toEqual([]);
    expect(await ids(named('kohl'))).toEqual([id]);
    const document = await record.records.get('Patient', id);
    expect(JSON.parse(document!.body)).toEqual({
      resourceType: 'Patient',
      id,
      meta: { versionId: '2', lastUpdated: new Date(document!.lastUpdated).toISOString() },
      name: [{ family: 'Kohl' }],
    });
    expect(document!.subject).toBe(id);
  });

  it('takes a deleted resource away, and brings it back when it is written again', async () => {
    await record.start();
    const id = newId();
    await record.write({ type: 'Organization', id, content: { name: 'Acme' } });
    await record.write({ type: 'Organization', id, version: 2, content: undefined });
    await record.caughtUp();
    expect(await record.records.get('Organization', id)).toBeUndefined();
    await record.write({ type: 'Organization', id, version: 3, content: { name: 'Acme' } });
    await record.caughtUp();
    expect(await ids(named('acme'), 'Organization')).toEqual([id]);
  });

  it('knows which facilities registered or saw a patient', async () => {
    await record.start();
    const north = await patientNamed('Koch');
    const south = await patientNamed('Kohl', { ...actor, facility: 'south' });
    await record.write({
      type: 'Encounter',
      id: newId(),
      subject: north,
      content: { status: 'finished', subject: { reference: `Patient/${north}` } },
      actor: { ...actor, facility: 'south' },
    });
    // A result alone is no visit.
    await record.write({
      type: 'Observation',
      id: newId(),
      subject: south,
      content: { status: 'final' },
      actor: { ...actor, facility: 'east' },
    });
    await record.caughtUp();
    expect(await ids(seenAt('north'))).toEqual([north]);
    expect(await ids(seenAt('south'))).toEqual([north, south].sort());
    expect(await ids(seenAt('east'))).toEqual([]);
    expect(await ids(seenAt('north'), 'Observation')).toHaveLength(1);
  });

  it('lets nothing stand of an erased patient, before and after the keys are gone', async () => {
    await record.start();
    const gone = await patientNamed('Koch');
    const stays = await patientNamed('Koch');
    await record.caughtUp();
    await record.vault.destroy(gone);
    await record.erase(gone);
    await record.caughtUp();
    expect(await ids(named('koch'))).toEqual([stays]);
    expect(await ids(seenAt('north'), 'Observation')).toHaveLength(1);
    await record.projections!.rebuild();
    expect(await ids(named('koch'))).toEqual([stays]);
    expect((await record.projections!.status()).poisonCount).toBe(0);
  });

  it('goes on where it stood when it is started again', async () => {
    const first = await record.start();
    await patientNamed('Koch');
    await record.caughtUp();
    await first.stop();
    expect(first.state.state).toBe('stopped');
    await patientNamed('Kohl');
    await record.start();
    await record.caughtUp();
    expect(await ids(named('ko'))).toHaveLength(2);
  });
});

describe('a poison event', () => {
  const poison = async (): Promise<number> => {
    const id = newId();
    const fact = {
      type: 'PatientRecorded',
      schema: 1,
      facts: { resourceType: 'Patient', id, versionId: '1' },
      resource: 'no JSON, but Koch',
    };
    const committed = await record.journal.commit(
      [{ stream: `patient-${id}`, expected: 'none', facts: [fact], subject: id, dataClass: 'clinical' }],
      { command: newId(), actor, correlation: newId() },
    );
    if (!committed.ok) throw new Error('not committed');
    return committed.position;
  };

  it('is skipped, counted and listed without its data', async () => {
    const projections = await record.start();
    const position = await poison();
    const after = await patientNamed('Kohl');
    await record.caughtUp();
    expect(await ids(named('kohl'))).toEqual([after]);
    const status = await projections.status();
    expect(status).toMatchObject({ state: 'following', lag: 0, poisonCount: 1 });
    expect(status.poison).toEqual([{ position, type: 'PatientRecorded', code: 'projector-failed' }]);
    expect(JSON.stringify(status)).not.toContain('Koch');
  });

  it('is still listed after a rebuild, at its place', async () => {
    const projections = await record.start();
    const position = await poison();
    await record.caughtUp();
    await projections.rebuild();
    expect((await projections.status()).poison).toEqual([
      { position, type: 'PatientRecorded', code: 'projector-failed' },
    ]);
    expect(await record.records.count({ type: POISON_EVENT })).toBe(1);
  });

  it('may be one that does not open', async () => {
    const projections = await record.start();
    const id = newId();
    const meta = JSON.stringify({ actor, subject: id, dataClass: 'clinical', command: newId(), correlation: newId() });
    await record.vault.ensure({ subject: id, dataClass: 'clinical' });
    const altered = { id: newId(), type: 'PatientRecorded', schema: 1, meta, data: new Uint8Array(64) };
    const result = await record.log.append({ stream: `patient-${id}`, expected: 'none', events: [altered] });
    const after = await patientNamed('Kohl');
    await record.caughtUp();
    expect(await ids(named('kohl'))).toEqual([after]);
    const position = result.ok ? result.position : -1;
    expect((await projections.status()).poison).toEqual([{ position, type: 'PatientRecorded', code: 'event-altered' }]);
  });
});

describe('a rebuild', () => {
  const contents = async (): Promise<unknown> => {
    const found: unknown[] = [];
    for (const type of ['Patient', 'Observation', 'Organization', PATIENT_FACILITY]) {
      const { documents } = await record.records.query({
        type,
        limit: 1_000,
        sort: [{ param: '_id', descending: false }],
      });
      found.push(documents);
    }
    return found;
  };

  it('makes the same of the same log, while the old model serves', async () => {
    const projections = await record.start();
    for (let i = 0; i < 20; i += 1) await patientNamed(`Family${i}`);
    const id = newId();
    await record.write({ type: 'Organization', id, content: { name: 'Acme' } });
    await record.write({ type: 'Organization', id, version: 2, content: undefined });
    await record.caughtUp();
    const before = await contents();
    const progress: number[] = [];
    const rebuilt = projections.rebuild(({ done, total }) => progress.push(done / total));
    expect(await ids(named('family1'))).toHaveLength(11);
    await rebuilt;
    expect(await contents()).toEqual(before);
    expect(progress.at(-1)).toBe(1);
    expect(await projections.status()).toMatchObject({ state: 'following', lag: 0, poisonCount: 0 });
  });

  it('misses nothing that is written meanwhile', async () => {
    const projections = await record.start();
    for (let i = 0; i < 10; i += 1) await patientNamed(`Before${i}`);
    let writing = true;
    let written = 0;
    const writer = (async () => {
      for (; writing; written += 1) await patientNamed('Meanwhile');
    })();
    await projections.rebuild();
    await projections.rebuild();
    writing = false;
    await writer;
    await record.caughtUp();
    expect(written).toBeGreaterThan(0);
    expect(await record.records.count({ type: 'Patient', where: named('meanwhile') })).toBe(written);
    expect(await ids(named('before'))).toHaveLength(10);
  });

  it('runs once at a time', async () => {
    const projections = await record.start();
    const first = projections.rebuild();
    await expect(projections.rebuild()).rejects.toMatchObject({ code: 'store-in-use' });
    await first;
  });

  it('is shown while it runs, and may be cut short', async () => {
    const projections = await record.start();
    for (let i = 0; i < 5; i += 1) await patientNamed('Koch');
    await record.caughtUp();
    const rebuilding = projections.rebuild();
    expect((await projections.status()).rebuilding).toBeDefined();
    await projections.stop();
    await expect(rebuilding).rejects.toMatchObject({ name: 'Fault' });
    await record.start();
    await record.caughtUp();
    expect(await ids(named('koch'))).toHaveLength(5);
  });

  it('happens by itself when the model cannot be read', async () => {
    const first = await record.start();
    const id = await patientNamed('Koch');
    await record.caughtUp();
    await first.stop();
    const folder = join(record.folder, 'read');
    for (const file of await readdir(folder)) {
      if (/\.sqlite(-wal|-shm)?$/.test(file)) await rm(join(folder, file));
    }
    const second = await record.start();
    await until(async () => second.state.state === 'following');
    await record.caughtUp();
    expect(await ids(named('koch'))).toEqual([id]);
  });
});
