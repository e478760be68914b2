import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  collectPages,
  entry,
  patient,
  startServer,
  Team,
  transaction,
  type Bundle,
  type Entry,
  type FhirClient,
  type Resource,
  type Server,
} from '../src/index.ts';

let server: Server;
let physician: FhirClient;
let integration: FhirClient;

beforeAll(async () => {
  server = await startServer();
  const team = new Team(server);
  physician = await team.as('physician');
  integration = await team.as('integration');
}, 90_000);

afterAll(() => server?.stop());

interface Parameter {
  readonly name: string;
  readonly part: readonly {
    readonly name: string;
    readonly valueString?: string;
    readonly resource?: Resource;
    readonly valueReference?: { readonly reference: string };
  }[];
}
interface Parameters {
  readonly resourceType: string;
  readonly parameter?: readonly Parameter[];
}

const observation = (id: string, more: object = {}): object => ({
  resourceType: 'Observation',
  status: 'preliminary',
  code: { text: 'weight' },
  subject: { reference: `Patient/${id}` },
  ...more,
});

const condition = (id: string, more: object = {}): object => ({
  resourceType: 'Condition',
  clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
  code: { text: 'asthma' },
  subject: { reference: `Patient/${id}` },
  ...more,
});

const inactive = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'resolved' }],
};

async function made(resource: object): Promise<Resource> {
  const { resourceType } = resource as { resourceType: string };
  const { status, body } = await physician.post(resourceType, resource);
  expect([resourceType, status]).toEqual([resourceType, 201]);
  return body;
}

/** An instant between what was and what will be recorded. */
async function betweenTimes(): Promise<string> {
  await pause(5);
  const instant = new Date().toISOString();
  await pause(5);
  return instant;
}

const names = (entries: readonly Entry[] | undefined): string[] =>
  (entries ?? []).map(({ resource }) => `${resource?.resourceType}/${resource?.id}`);

describe('Patient/$everything', () => {
  it('has the patient first, all that is theirs, and nothing of anybody else', async () => {
    const organisation = (await integration.post('Organization', { resourceType: 'Organization', name: 'House' })).body
      .id;
    const { id } = await made(patient({ managingOrganization: { reference: `Organization/${organisation}` } }));
    const other = await made(patient());
    const own = [await made(observation(id)), await made(condition(id))];
    await made(observation(other.id));
    const gone = await made(condition(id));
    await physician.delete(`Condition/${gone.id}`);
    const { status, body } = await physician.search(`Patient/${id}/$everything`);
    expect(status).toBe(200);
    expect(names(body.entry)[0]).toBe(`Patient/${id}`);
    const expected = [`Patient/${id}`, ...own.map(({ resourceType, id: each }) => `${resourceType}/${each}`)];
    expect(names(body.entry).sort()).toEqual([...expected, `Organization/${organisation}`].sort());
    expect(body.total).toBe(4);
  });

  it('is paged, and every page after the other is the whole', async () => {
    const { id } = await made(patient());
    for (let index = 0; index < 7; index += 1) await made(observation(id));
    const first = await physician.search(`Patient/${id}/$everything?_count=3`);
    expect(first.body.entry).toHaveLength(3);
    const all = names(await collectPages(physician, `Patient/${id}/$everything?_count=3`));
    expect([all.length, new Set(all).size]).toEqual([8, 8]);
    expect((await physician.get(`Patient/${id}/$everything?_count=0`)).status).toBe(400);
    expect((await physician.get(`Patient/${id}/$everything?_count=-1`)).status).toBe(400);
  });

  it('is narrowed by _type and _since', async () => {
    const { id } = await made(patient());
    await made(condition(id));
    const since = await betweenTimes();
    const late = await made(observation(id));
    const typed = await physician.search(`Patient/${id}/$everything?_type=Observation`);
    expect(names(typed.body.entry)).toEqual([`Observation/${late.id}`]);
    const recent = await physician.search(`Patient/${id}/$everything?_since=${since}`);
    expect(names(recent.body.entry)).toEqual([`Observation/${late.id}`]);
  });

  it('knows no patient who is not there', async () => {
    expect((await physician.get(`Patient/${randomUUID()}/$everything`)).status).toBe(404);
    expect((await physician.get('Patient/$everything')).status).toBe(404);
    expect((await physician.get(`Patient/${randomUUID()}/$nothing`)).status).toBe(404);
  });
});

describe('as of', () => {
  it('shows what was known then, on reads and on charts', async () => {
    const before = await betweenTimes();
    const { id } = await made(patient({ gender: 'female' }));
    const first = await made(observation(id));
    const middle = await betweenTimes();
    await physician.put(`Patient/${id}`, patient({ id, gender: 'male' }));
    await integration.delete(`Observation/${first.id}`);
    const later = await made(observation(id));

    expect((await physician.get(`Patient/${id}?_asOf=${middle}`)).body).toMatchObject({
      gender: 'female',
      meta: { versionId: '1' },
    });
    expect((await physician.get(`Patient/${id}`)).body['gender']).toBe('male');
    expect((await physician.get(`Observation/${first.id}?_asOf=${middle}`)).status).toBe(200);
    expect((await physician.get(`Observation/${first.id}`)).status).toBe(410);
    expect((await physician.get(`Observation/${later.id}?_asOf=${middle}`)).status).toBe(404);
    expect((await physician.get(`Patient/${id}?_asOf=${before}`)).status).toBe(404);

    const chart = async (query: string) =>
      names((await physician.search(`Patient/${id}/$everything${query}`)).body.entry);
    expect((await chart(`?_asOf=${middle}`)).sort()).toEqual([`Observation/${first.id}`, `Patient/${id}`].sort());
    expect((await chart('')).sort()).toEqual([`Observation/${later.id}`, `Patient/${id}`].sort());
    expect((await physician.get(`Patient/${id}/$everything?_asOf=${before}`)).status).toBe(404);
  });

  it('shows what was true then', async () => {
    const { id } = await made(patient());
    const measured = await made(observation(id, { effectiveDateTime: '2010-05-05T10:00:00Z' }));
    const lasting = await made(
      condition(id, { onsetDateTime: '2009', abatementDateTime: '2011-06', clinicalStatus: inactive }),
    );
    const open = await made(condition(id, { onsetDateTime: '2012-01-01' }));
    const at = async (instant: string) => {
      const { body } = await physician.search(`Patient/${id}/$everything?_effectiveAsOf=${instant}`);
      return new Set(names(body.entry));
    };
    expect(await at('2009-06-01')).toContain(`Condition/${lasting.id}`);
    expect(await at('2011-06-30T23:00:00Z')).toContain(`Condition/${lasting.id}`);
    expect(await at('2011-07-02')).not.toContain(`Condition/${lasting.id}`);
    expect(await at('2011-07-02')).not.toContain(`Condition/${open.id}`);
    expect(await at('2015')).toContain(`Condition/${open.id}`);
    expect(await at('2009-06-01')).not.toContain(`Observation/${measured.id}`);
    expect(await at('2010-05-05T10:00:00Z')).toContain(`Observation/${measured.id}`);
    expect((await physician.get(`Condition/${lasting.id}?_effectiveAsOf=2010`)).status).toBe(200);
    expect((await physician.get(`Condition/${lasting.id}?_effectiveAsOf=2012`)).status).toBe(404);
  });

  it('refuses both at once, and what is no moment', async () => {
    const { id } = await made(patient());
    for (const query of [
      '_asOf=2020&_effectiveAsOf=2020',
      '_asOf=2020-02-30',
      '_asOf=soon',
      '_effectiveAsOf=2020-13',
      '_asOf=2020-01-01T25:00:00Z',
    ]) {
      expect([query, (await physician.get(`Patient/${id}?${query}`)).status]).toEqual([query, 400]);
      expect([query, (await physician.get(`Patient/${id}/$everything?${query}`)).status]).toEqual([query, 400]);
    }
    const offset = new Date(Date.now() + 7_200_000).toISOString().replace('Z', '+02:00');
    expect((await physician.get(`Patient/${id}?_asOf=${encodeURIComponent(offset)}`)).status).toBe(200);
  });
});

describe('Patient/$diff', () => {
  const partOf = (parameter: Parameter, name: string) => parameter.part.find((part) => part.name === name);

  it('tells resource by resource and field by field what changed', async () => {
    const { id } = await made(patient({ gender: 'female', birthDate: '1980-01-01' }));
    const removed = await made(condition(id));
    const same = await made(condition(id));
    const from = await betweenTimes();
    await physician.patch(`Patient/${id}`, [{ op: 'replace', path: '/gender', value: 'other' }]);
    await physician.delete(`Condition/${removed.id}`);
    const added = await made(observation(id));
    const to = await betweenTimes();
    await made(observation(id));

    const { status, body } = await physician.get<Parameters>(`Patient/${id}/$diff?from=${from}&to=${to}`);
    expect([status, body.resourceType]).toEqual([200, 'Parameters']);
    const told = (body.parameter ?? []).map((parameter) => [
      parameter.name,
      partOf(parameter, 'resource')?.valueReference?.reference,
    ]);
    expect(told.sort()).toEqual([
      ['added', `Observation/${added.id}`],
      ['changed', `Patient/${id}`],
      ['removed', `Condition/${removed.id}`],
    ]);
    const changed = body.parameter!.find(({ name }) => name === 'changed')!;
    expect(JSON.stringify(partOf(changed, 'operation'))).toContain('/gender');
    expect(JSON.stringify(body)).not.toContain(same.id);
    const unchanged = await physician.get<Parameters>(`Patient/${id}/$diff?from=${to}&to=${to}`);
    expect(unchanged.body).toEqual({ resourceType: 'Parameters' });
  });

  it('has the operations that turn the one version into the other', async () => {
    const { id } = await made(
      patient({
        telecom: [
          { system: 'phone', value: '1' },
          { system: 'phone', value: '2' },
        ],
      }),
    );
    const from = await betweenTimes();
    await physician.patch(`Patient/${id}`, [
      { op: 'remove', path: '/telecom/0' },
      { op: 'add', path: '/active', value: true },
    ]);
    const { body } = await physician.get<Parameters>(`Patient/${id}/$diff?from=${from}`);
    const operations = body
      .parameter![0]!.part.filter(({ name }) => name === 'operation')
      .map((operation) => {
        const { part } = operation as unknown as { part: { name: string; valueString: string }[] };
        return Object.fromEntries(
          part.map(({ name, valueString }) => [name, name === 'value' ? JSON.parse(valueString) : valueString]),
        );
      });
    const original = (await physician.get(`Patient/${id}/_history/1`)).body;
    const { id: copy } = await made({ ...original });
    const { meta: _, id: __, ...patched } = (await physician.patch(`Patient/${copy}`, operations)).body;
    const { meta: ___, id: ____, ...current } = (await physician.get(`Patient/${id}`)).body;
    expect(patched).toEqual(current);
  });

  it('wants a from, and not a later one than to', async () => {
    const { id } = await made(patient());
    expect((await physician.get(`Patient/${id}/$diff`)).status).toBe(400);
    expect((await physician.get(`Patient/${id}/$diff?from=2020-02-30`)).status).toBe(400);
    const later = await betweenTimes();
    expect((await physician.get(`Patient/${id}/$diff?from=${later}&to=2001`)).status).toBe(400);
  });
});

describe('$validate', () => {
  it('stores nothing, and tells what is wrong and where', async () => {
    const before = (await integration.searchAll('Patient?_summary=count')).body.total;
    const good = await physician.post('Patient/$validate', patient());
    expect([good.status, good.body]).toMatchObject([
      200,
      { resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] },
    ]);
    const bad = await physician.post('Patient/$validate', {
      resourceType: 'Patient',
      gender: 'x',
      birthDate: '2020-02-30',
    });
    expect(bad.status).toBe(200);
    expect(bad.text).toContain('Patient.gender');
    expect(bad.text).toContain('Patient.birthDate');
    const dangling = await physician.post('$validate', observation(randomUUID()));
    expect(dangling.body).toMatchObject({ issue: [{ severity: 'error', code: 'not-found' }] });
    const wrapped = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: patient() }] };
    expect((await physician.post('Patient/$validate', wrapped)).status).toBe(200);
    expect((await physician.post('Observation/$validate', patient())).status).toBe(400);
    expect((await physician.post('$validate', '[]')).body).toMatchObject({ issue: [{ severity: 'error' }] });
    expect((await integration.searchAll('Patient?_summary=count')).body.total).toBe(before);
  });
});

describe('merged records', () => {
  it('are one chart from the merge on, and apart before it', async () => {
    const registrar = await new Team(server).api('registrar');
    const [survivor, absorbed] = [await made(patient()), await made(patient())];
    const [one, two] = [await made(observation(survivor.id)), await made(observation(absorbed.id))];
    const before = await betweenTimes();
    const merged = await registrar.post(`api/patients/${survivor.id}/merge`, {
      other: absorbed.id,
      reason: 'same person',
    });
    expect(merged.status).toBe(200);
    const chart = async (query = '') =>
      new Set(names((await physician.search(`Patient/${survivor.id}/$everything${query}`)).body.entry));
    expect(await chart()).toEqual(
      new Set([`Patient/${survivor.id}`, `Patient/${absorbed.id}`, `Observation/${one.id}`, `Observation/${two.id}`]),
    );
    expect(await chart(`?_asOf=${before}`)).toEqual(new Set([`Patient/${survivor.id}`, `Observation/${one.id}`]));
    expect((await physician.get(`Patient/${absorbed.id}`)).body).toMatchObject({
      active: false,
      link: [{ type: 'replaced-by' }],
    });
    expect((await physician.put(`Patient/${absorbed.id}`, patient({ id: absorbed.id }))).status).toBe(422);
    const undone = await registrar.post(`api/patients/${survivor.id}/unmerge`, {
      other: absorbed.id,
      reason: 'not the same',
    });
    expect(undone.status).toBe(200);
    expect(await chart()).toEqual(new Set([`Patient/${survivor.id}`, `Observation/${one.id}`]));
  });
});

describe('visits', () => {
  it('go the way of a stay, and refuse what cannot be', async () => {
    const { id } = await made(patient());
    const visit = (status: string, more: object = {}) => ({
      resourceType: 'Encounter',
      status,
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
      subject: { reference: `Patient/${id}` },
      ...more,
    });
    const { id: encounter } = await made(visit('planned'));
    const move = async (status: string) =>
      (await physician.put(`Encounter/${encounter}`, visit(status, { id: encounter }))).status;
    expect(await move('finished')).toBe(422);
    expect(await move('arrived')).toBe(200);
    expect(await move('in-progress')).toBe(200);
    expect(await move('planned')).toBe(422);
    expect(await move('finished')).toBe(200);
    expect(await move('cancelled')).toBe(422);
    const stored = await physician.search(`Encounter/${encounter}/_history`);
    expect(stored.body.entry?.map(({ resource }) => resource?.['status'])).toEqual([
      'finished',
      'in-progress',
      'arrived',
      'planned',
    ]);
  });
});

describe('identifiers of a facility', () => {
  it('belong to one patient, also when two registrars claim one at the same moment', async () => {
    const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] };
    const identifier = [{ type, system: 'urn:house', value: randomUUID() }];
    const answers = await Promise.all([1, 2, 3, 4].map(() => physician.post('Patient', patient({ identifier }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const winner = answers.find(({ status }) => status === 201)!.body.id;
    expect((await physician.put(`Patient/${winner}`, patient({ id: winner }))).status).toBe(200);
    expect((await physician.post('Patient', patient({ identifier }))).status).toBe(201);
    const found = await physician.get<Bundle>(`Patient?identifier=urn:house|${identifier[0]!.value}`);
    expect(found.body.entry).toHaveLength(1);
    const batch = transaction(entry('POST', 'Patient', patient({ identifier })));
    expect((await physician.bundle(batch)).status).toBe(409);
  });
});
