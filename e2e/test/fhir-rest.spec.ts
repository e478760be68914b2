import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { collectPages, patient, startServer, Team, type Bundle, type FhirClient, type Server } from '../src/index.ts';

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

async function registered(more: object = {}): Promise<string> {
  const { status, body } = await physician.post('Patient', patient(more));
  expect(status).toBe(201);
  return body.id;
}

const observation = (subject: string, more: object = {}): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: `Patient/${subject}` },
  ...more,
});

const position = (headers: Headers): number => Number(headers.get('x-anamnesis-position'));

describe('create and read', () => {
  it('answers a creation with the resource, its place and its version', async () => {
    const { status, headers, body } = await physician.post('Patient', patient({ id: 'ignored', gender: 'female' }));
    expect(status).toBe(201);
    expect(body).toMatchObject({ resourceType: 'Patient', gender: 'female', meta: { versionId: '1' } });
    expect(body.id).not.toBe('ignored');
    expect(headers.get('location')).toBe(`${physician.base}/Patient/${body.id}/_history/1`);
    expect(headers.get('etag')).toBe('W/"1"');
    expect(headers.get('content-type')).toMatch(/^application\/fhir\+json/);
    expect(position(headers)).toBeGreaterThan(0);
    const lastModified = Date.parse(headers.get('last-modified') ?? '');
    expect(lastModified).toBe(Math.floor(Date.parse(body.meta.lastUpdated) / 1_000) * 1_000);
  });

  it('reads what was created, and a version of it', async () => {
    const id = await registered();
    const read = await physician.get(`Patient/${id}`);
    expect(read.status).toBe(200);
    expect(read.headers.get('etag')).toBe('W/"1"');
    expect((await physician.get(`Patient/${id}/_history/1`)).body).toEqual(read.body);
  });

  it('finds nothing under ids and versions that do not exist', async () => {
    const id = await registered();
    for (const path of [`Patient/${randomUUID()}`, 'Patient/nobody', `Patient/${id}/_history/2`]) {
      const { status, body } = await physician.get(path);
      expect([path, status, body.resourceType]).toEqual([path, 404, 'OperationOutcome']);
    }
  });

  it('answers 304 to If-None-Match and If-Modified-Since when nothing changed', async () => {
    const id = await registered();
    const read = await physician.get(`Patient/${id}`);
    const modified = read.headers.get('last-modified') ?? '';
    for (const headers of [
      { 'if-none-match': 'W/"1"' },
      { 'if-none-match': 'W/"7", "1"' },
      { 'if-modified-since': modified },
    ]) {
      const { status, text } = await physician.get(`Patient/${id}`, headers as Record<string, string>);
      expect([status, text]).toEqual([304, '']);
    }
    const before = new Date(Date.parse(modified) - 1_000).toUTCString();
    const changed = await Promise.all([
      physician.get(`Patient/${id}`, { 'if-none-match': 'W/"2"' }),
      physician.get(`Patient/${id}`, { 'if-modified-since': before }),
      physician.get(`Patient/${id}`, { 'if-none-match': 'W/"2"', 'if-modified-since': modified }),
    ]);
    expect(changed.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('answers HEAD as GET without a body', async () => {
    const id = await registered();
    const { status, headers, text } = await physician.send('HEAD', `Patient/${id}`);
    expect([status, text, headers.get('etag')]).toEqual([200, '', 'W/"1"']);
    expect((await physician.send('HEAD', 'Patient/nobody')).status).toBe(404);
  });
});

describe('update', () => {
  it('makes the next version and keeps the one before', async () => {
    const id = await registered({ gender: 'female' });
    const { status, headers, body } = await physician.put(`Patient/${id}`, patient({ id, gender: 'male' }));
    expect([status, headers.get('etag'), body.meta.versionId]).toEqual([200, 'W/"2"', '2']);
    expect((await physician.get(`Patient/${id}`)).body['gender']).toBe('male');
    expect((await physician.get(`Patient/${id}/_history/1`)).body['gender']).toBe('female');
  });

  it('creates under the id that the client chose, be it a UUID or not', async () => {
    for (const id of [randomUUID(), `chosen.by-client-${randomUUID().slice(0, 8)}`]) {
      const { status, headers } = await physician.put(`Patient/${id}`, patient({ id }));
      expect(status).toBe(201);
      expect(headers.get('location')).toBe(`${physician.base}/Patient/${id}/_history/1`);
      const read = await physician.get(`Patient/${id}`);
      expect([read.status, read.body.id]).toEqual([200, id]);
      expect((await physician.search(`Patient?_id=${id}`)).body.entry).toHaveLength(1);
    }
  });

  it('refuses a stale If-Match and takes the current one', async () => {
    const id = await registered();
    const put = (tag: string) => physician.put(`Patient/${id}`, patient({ id }), { 'if-match': tag });
    expect((await put('W/"1"')).status).toBe(200);
    expect((await put('W/"1"')).status).toBe(412);
    expect((await put('W/"99"')).status).toBe(412);
    expect((await put('no tag')).status).toBe(400);
    expect((await put('W/"2"')).status).toBe(200);
    const absent = randomUUID();
    expect((await physician.put(`Patient/${absent}`, patient({ id: absent }), { 'if-match': 'W/"1"' })).status).toBe(
      412,
    );
  });

  it('refuses If-None-Match: * where a resource stands', async () => {
    const id = randomUUID();
    const put = () => physician.put(`Patient/${id}`, patient({ id }), { 'if-none-match': '*' });
    expect((await put()).status).toBe(201);
    expect((await put()).status).toBe(412);
  });

  it('lets one of several writers with the same If-Match win', async () => {
    const id = await registered();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => physician.put(`Patient/${id}`, patient({ id }), { 'if-match': 'W/"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
  });

  it('takes all updates of several writers without If-Match, each as its own version', async () => {
    const id = await registered();
    const answers = await Promise.all(Array.from({ length: 6 }, () => physician.put(`Patient/${id}`, patient({ id }))));
    const versions = answers.map(({ body }) => Number(body.meta?.versionId)).sort((a, b) => a - b);
    expect(versions).toEqual([2, 3, 4, 5, 6, 7]);
  });
});

describe('JSON Patch', () => {
  it('applies every operation or none', async () => {
    const id = await registered({ gender: 'female', birthDate: '1980-02-29' });
    const good = await physician.patch(`Patient/${id}`, [
      { op: 'test', path: '/gender', value: 'female' },
      { op: 'replace', path: '/gender', value: 'other' },
      { op: 'add', path: '/telecom', value: [{ system: 'phone', value: '555' }] },
      { op: 'remove', path: '/birthDate' },
    ]);
    expect([good.status, good.body.meta.versionId]).toEqual([200, '2']);
    expect(good.body).toMatchObject({ gender: 'other', telecom: [{ value: '555' }] });
    expect(good.body['birthDate']).toBeUndefined();

    const bad = [
      [
        { op: 'replace', path: '/gender', value: 'male' },
        { op: 'test', path: '/gender', value: 'female' },
      ],
      [{ op: 'remove', path: '/nothing/here' }],
      [{ op: 'replace', path: '/gender', value: 'not a gender' }],
      [{ op: 'replace', path: '/id', value: 'another' }],
      [{ op: 'replace', path: '/resourceType', value: 'Person' }],
    ];
    for (const operations of bad) {
      const { status, body } = await physician.patch(`Patient/${id}`, operations);
      expect([operations, status, body.resourceType]).toEqual([operations, 422, 'OperationOutcome']);
    }
    expect((await physician.patch(`Patient/${id}`, [{ op: 'explode', path: '/gender' }])).status).toBe(400);
    expect((await physician.patch(`Patient/${id}`, { op: 'remove', path: '/gender' })).status).toBe(400);
    expect((await physician.get(`Patient/${id}`)).body).toEqual(good.body);
  });

  it('honours If-Match, and finds neither what is absent nor what was deleted', async () => {
    const id = await registered();
    const operations = [{ op: 'add', path: '/active', value: true }];
    expect((await physician.patch(`Patient/${id}`, operations, { 'if-match': 'W/"4"' })).status).toBe(412);
    expect((await physician.patch(`Patient/${id}`, operations, { 'if-match': 'W/"1"' })).status).toBe(200);
    expect((await physician.patch(`Patient/${randomUUID()}`, operations)).status).toBe(404);
    await integration.delete(`Patient/${id}`);
    expect((await physician.patch(`Patient/${id}`, operations)).status).toBe(410);
  });

  it('loses no concurrent patch', async () => {
    const id = await registered();
    await physician.patch(`Patient/${id}`, [
      { op: 'add', path: '/telecom', value: [{ system: 'phone', value: 'first' }] },
    ]);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        physician.patch(`Patient/${id}`, [
          { op: 'add', path: '/telecom/-', value: { system: 'phone', value: `n${index}` } },
        ]),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await physician.get(`Patient/${id}`)).body['telecom']).toHaveLength(6);
  });
});

describe('delete and undelete', () => {
  it('hides the resource, keeps its history, and lets it come back', async () => {
    const id = await registered();
    const gone = await integration.delete(`Patient/${id}`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await physician.get(`Patient/${id}`)).status).toBe(410);
    expect((await physician.get(`Patient/${id}/_history/2`)).status).toBe(410);
    expect((await physician.get(`Patient/${id}/_history/1`)).status).toBe(200);
    expect((await physician.search(`Patient?_id=${id}`)).body.entry).toBeUndefined();
    const back = await physician.put(`Patient/${id}`, patient({ id }));
    expect([back.status, back.body.meta.versionId]).toEqual([201, '3']);
    expect((await physician.search(`Patient?_id=${id}`)).body.entry).toHaveLength(1);
    const history = await physician.search(`Patient/${id}/_history`);
    expect(history.body.entry?.map(({ request }) => request?.method)).toEqual(['PUT', 'DELETE', 'POST']);
  });

  it('has no effect where nothing is, and none the second time', async () => {
    expect((await integration.delete(`Patient/${randomUUID()}`)).status).toBe(204);
    const id = await registered();
    expect((await integration.delete(`Patient/${id}`)).status).toBe(204);
    expect((await integration.delete(`Patient/${id}`)).status).toBe(204);
    expect((await physician.search(`Patient/${id}/_history`)).body.total).toBe(2);
  });

  it('refuses a deletion with a stale If-Match', async () => {
    const id = await registered();
    expect((await integration.delete(`Patient/${id}`, { 'if-match': 'W/"2"' })).status).toBe(412);
    expect((await physician.get(`Patient/${id}`)).status).toBe(200);
  });

  it('refuses to delete what is final: it is entered in error instead', async () => {
    const id = await registered();
    const category = [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] },
    ];
    const { body } = await physician.post('Observation', observation(id, { category }));
    expect((await physician.delete(`Observation/${body.id}`)).status).toBe(409);
    const wrong = observation(id, { id: body.id, category, status: 'entered-in-error' });
    expect((await physician.put(`Observation/${body.id}`, wrong)).status).toBe(200);
    const again = observation(id, { id: body.id, category });
    expect((await physician.put(`Observation/${body.id}`, again)).status).toBe(422);
  });
});

describe('what comes back', () => {
  it('is as much as Prefer asks for', async () => {
    const minimal = await physician.post('Patient', patient(), { prefer: 'return=minimal' });
    expect([minimal.status, minimal.text]).toEqual([201, '']);
    expect(minimal.headers.get('location')).toMatch(/\/Patient\/[^/]+\/_history\/1$/);
    const whole = await physician.post('Patient', patient(), { prefer: 'return=representation' });
    expect(whole.body.resourceType).toBe('Patient');
    const outcome = await physician.post('Patient', patient(), { prefer: 'return=OperationOutcome' });
    expect([outcome.status, outcome.body.resourceType]).toEqual([201, 'OperationOutcome']);
  });

  it('is JSON, whoever asks for something else', async () => {
    const id = await registered();
    for (const format of [
      'json',
      'application/fhir%2Bjson',
      'application/fhir+json',
      'application/json',
      'text/json',
    ]) {
      expect([format, (await physician.get(`Patient/${id}?_format=${format}`)).status]).toEqual([format, 200]);
    }
    expect((await physician.get(`Patient/${id}?_format=xml`)).status).toBe(406);
    expect((await physician.get(`Patient/${id}`, { accept: 'application/fhir+xml' })).status).toBe(406);
    expect((await physician.get(`Patient/${id}`, { accept: 'application/fhir+json;q=0.9, */*' })).status).toBe(200);
    expect((await physician.get(`Patient?_format=xml`)).status).toBe(406);
  });

  it('is indented by _pretty', async () => {
    const id = await registered();
    const plain = await physician.get(`Patient/${id}`);
    const pretty = await physician.get(`Patient/${id}?_pretty=true`);
    expect(plain.text).not.toContain('\n');
    expect(pretty.text).toContain('\n  "');
    expect(pretty.body).toEqual(plain.body);
  });

  it('is shortened by _summary and _elements, and says so', async () => {
    const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };
    const id = await registered({ text, gender: 'male', maritalStatus: { text: 'm' } });
    const shapes = await Promise.all(
      ['true', 'text', 'data', 'false'].map((mode) => physician.get(`Patient/${id}?_summary=${mode}`)),
    );
    const [summary, narrative, data, whole] = shapes.map(({ body }) => body);
    expect(summary).toMatchObject({ gender: 'male' });
    expect(summary).not.toHaveProperty('maritalStatus');
    expect(summary).not.toHaveProperty('text');
    expect(narrative).toHaveProperty('text');
    expect(narrative).not.toHaveProperty('gender');
    expect(data).toHaveProperty('maritalStatus');
    expect(data).not.toHaveProperty('text');
    expect(whole).toHaveProperty('text');
    const elements = (await physician.get(`Patient/${id}?_elements=gender`)).body;
    expect(elements).toMatchObject({ resourceType: 'Patient', id, gender: 'male' });
    expect(elements).not.toHaveProperty('name');
    for (const shortened of [summary, narrative, data, elements]) {
      const tags = (shortened?.meta as { tag?: { code?: string }[] }).tag ?? [];
      expect(tags.map(({ code }) => code)).toContain('SUBSETTED');
    }
    expect((await physician.get(`Patient/${id}?_summary=much`)).status).toBe(400);
    const count = (await physician.search(`Patient?_id=${id}&_summary=count`)).body;
    expect([count.total, count.entry]).toEqual([1, undefined]);
  });
});

describe('what a client sent', () => {
  const decimals = '{"value":1.00,"unit":"g"}';

  it('keeps the lexical form of decimals through create, read, search, history, update and patch', async () => {
    const id = await registered();
    const text = JSON.stringify(observation(id, { valueQuantity: '@' })).replace('"@"', decimals);
    const made = await physician.post('Observation', text);
    expect(made.status).toBe(201);
    const path = `Observation/${made.body.id}`;
    const shown = [
      made.text,
      (await physician.get(path)).text,
      (await physician.search(`Observation?_id=${made.body.id}`)).text,
      (await physician.search(`${path}/_history`)).text,
      (await physician.get(`${path}?_pretty=true`)).text.replace(/\s/g, ''),
      (await physician.get(`${path}?_summary=true`)).text,
      (await physician.patch(path, [{ op: 'add', path: '/issued', value: '2020-01-01T00:00:00Z' }])).text,
      (await physician.get(path)).text,
    ];
    for (const each of shown) expect(each).toContain('"value":1.00');
    const patched = await physician.patch(path, '[{"op":"replace","path":"/valueQuantity/value","value":2.50e-3}]');
    expect(patched.text).toContain('"value":2.50e-3');
  });

  it('comes back whole: contained resources, extensions on elements and primitives, every odd corner', async () => {
    const sent = {
      resourceType: 'Patient',
      meta: { profile: ['http://example.org/profile'], tag: [{ system: 'urn:t', code: 'x' }] },
      language: 'pt-BR',
      contained: [{ resourceType: 'Organization', id: 'o', name: 'Contained' }],
      extension: [
        {
          url: 'http://example.org/nested',
          extension: [
            { url: 'a', valueDecimal: 3.1 },
            { url: 'b', valueCode: 'c' },
          ],
        },
      ],
      modifierExtension: [{ url: 'http://example.org/m', valueBoolean: true }],
      name: [
        {
          family: 'Ünïcödé 名前 😀',
          given: ['A', 'B'],
          _given: [null, { extension: [{ url: 'http://e.org/n', valueString: 'x' }] }],
        },
      ],
      birthDate: '1970',
      _birthDate: { extension: [{ url: 'http://e.org/time', valueDateTime: '1970-01-01T01:02:03+05:30' }] },
      managingOrganization: { reference: '#o' },
    };
    const made = await physician.post('Patient', sent);
    expect(made.status).toBe(201);
    const { id, meta, ...rest } = (await physician.get(`Patient/${made.body.id}`)).body;
    const { meta: sentMeta, ...sentRest } = sent;
    expect(rest).toEqual(sentRest);
    expect(meta).toEqual({ versionId: '1', lastUpdated: made.body.meta.lastUpdated, ...sentMeta });
    expect(id).toBe(made.body.id);
  });

  it('cannot set version and time', async () => {
    const meta = { versionId: '77', lastUpdated: '1999-01-01T00:00:00Z' };
    const { body } = await physician.post('Patient', patient({ meta }));
    expect(body.meta.versionId).toBe('1');
    expect(Date.parse(body.meta.lastUpdated)).toBeGreaterThan(Date.parse('2020-01-01'));
  });
});

describe('history', () => {
  it('of an instance is paged, the newest first, with a stable total', async () => {
    const id = await registered();
    for (let version = 2; version <= 5; version += 1) await physician.put(`Patient/${id}`, patient({ id }));
    const first = await physician.search(`Patient/${id}/_history?_count=2`);
    expect(first.body).toMatchObject({ type: 'history', total: 5 });
    expect(first.body.entry).toHaveLength(2);
    const entries = await collectPages(physician, `Patient/${id}/_history?_count=2`);
    expect(entries.map(({ resource }) => resource?.meta.versionId)).toEqual(['5', '4', '3', '2', '1']);
    expect(entries.map(({ response }) => response?.etag)).toEqual(['5', '4', '3', '2', '1'].map((v) => `W/"${v}"`));
    expect((await physician.get(`Patient/${randomUUID()}/_history`)).status).toBe(404);
  });

  it('of a type and of the system has everything once, page by page', async () => {
    const since = new Date(Date.now() - 1).toISOString();
    const ids = [await registered(), await registered(), await registered()];
    await physician.post('Observation', observation(ids[0]!));
    const ofType = await collectPages(physician, `Patient/_history?_count=2&_since=${since}`);
    expect(ofType.map(({ resource }) => resource?.id)).toEqual([...ids].reverse());
    const ofSystem = await collectPages(physician, `_history?_count=2&_since=${since}`);
    expect(ofSystem.map(({ resource }) => resource?.resourceType)).toEqual([
      'Observation',
      'Patient',
      'Patient',
      'Patient',
    ]);
  });

  it('ends at _since and begins at _at', async () => {
    const id = await registered();
    const { body } = await physician.put(`Patient/${id}`, patient({ id }));
    const first = (await physician.get(`Patient/${id}/_history/1`)).body.meta.lastUpdated;
    const at = await physician.search(`Patient/${id}/_history?_at=${first}`);
    expect(at.body.entry?.at(0)?.resource?.meta.versionId).toBe(body.meta.lastUpdated === first ? '2' : '1');
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await physician.search(`Patient/${id}/_history?_since=${later}`)).body.total).toBe(0);
    expect((await physician.get(`Patient/${id}/_history?_since=2020-13-01`)).status).toBe(400);
    expect((await physician.get(`Patient/${id}/_history?_count=-1`)).status).toBe(400);
  });
});

describe('positions', () => {
  it('grow with every write, and reads name the one they show', async () => {
    const first = await physician.post('Patient', patient());
    const second = await physician.post('Patient', patient());
    expect(position(second.headers)).toBeGreaterThan(position(first.headers));
    expect(position((await physician.get(`Patient/${first.body.id}`)).headers)).toBe(position(first.headers));
  });

  it('make a search wait for what it must reflect, and time out where that never comes', async () => {
    const id = await registered();
    const { headers } = await physician.put(`Patient/${id}`, patient({ id, gender: 'unknown' }));
    const least = { 'x-anamnesis-min-position': String(position(headers)) };
    const found = await integration.search(`Patient?_id=${id}&gender=unknown`, least);
    expect(found.body.entry).toHaveLength(1);
    expect(position(found.headers)).toBeGreaterThanOrEqual(position(headers));
    const never = await physician.get('Patient?_id=x', { 'x-anamnesis-min-position': '999999999' });
    expect([never.status, never.body.resourceType]).toEqual([504, 'OperationOutcome']);
    expect((await physician.get('Patient', { 'x-anamnesis-min-position': 'soon' })).status).toBe(400);
  }, 30_000);

  it('let people find at once what they just wrote', async () => {
    for (let round = 0; round < 25; round += 1) {
      const id = await registered();
      expect((await physician.search(`Patient?_id=${id}`)).body.entry).toHaveLength(1);
    }
  });
});

describe('metadata', () => {
  it('is for everybody, and says what is served', async () => {
    const answer = await fetch(`${physician.base}/metadata`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
    const statement = (await answer.json()) as { fhirVersion: string; rest: { resource: { type: string }[] }[] };
    expect(statement).toMatchObject({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1', kind: 'instance' });
    const types = statement.rest[0]!.resource.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['Patient', 'Observation', 'Claim', 'Task', 'ValueSet']));
    expect(new Set(types).size).toBe(types.length);
  });

  it('promises nothing that is not kept: every type can be searched', async () => {
    const { body } = await integration.get<{ rest: { resource: { type: string }[] }[] }>('metadata');
    const types = body.rest[0]!.resource.map(({ type }) => type).filter((type) => type !== 'AuditEvent');
    for (const type of types) {
      const { status, body: found } = await integration.get<Bundle>(`${type}?_count=1`);
      expect([type, status, found.type]).toEqual([type, 200, 'searchset']);
    }
  });
});
