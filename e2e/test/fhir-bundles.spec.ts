import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  entry,
  patient,
  startServer,
  Team,
  transaction,
  type Answer,
  type Bundle,
  type FhirClient,
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

const token = (): { system: string; value: string } => ({ system: 'urn:e2e', value: randomUUID() });
const criteria = ({ system, value }: { system: string; value: string }): string => `identifier=${system}|${value}`;

const observation = (reference: string, more: object = {}): object => ({
  resourceType: 'Observation',
  status: 'preliminary',
  code: { text: 'pulse' },
  subject: { reference },
  ...more,
});

const statuses = ({ body }: Answer<Bundle>): (string | undefined)[] =>
  (body.entry ?? []).map(({ response }) => response?.status);

const located = ({ body }: Answer<Bundle>, index: number): string =>
  /([A-Z][A-Za-z]+\/[^/]+)\/_history/.exec(body.entry?.[index]?.response?.location ?? '')?.[1] ?? '';

async function countOf(query: string): Promise<number | undefined> {
  const { status, body } = await integration.searchAll(`${query}${query.includes('?') ? '&' : '?'}_summary=count`);
  expect(status).toBe(200);
  return body.total;
}

describe('conditional interactions', () => {
  it('create once, and answer with what stands there', async () => {
    const identifier = token();
    const headers = { 'if-none-exist': criteria(identifier) };
    const first = await physician.post('Patient', patient({ identifier: [identifier] }), headers);
    const second = await physician.post('Patient', patient({ identifier: [identifier] }), headers);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.id).toBe(first.body.id);
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('create once, also when many try at the same moment', async () => {
    const identifier = token();
    const headers = { 'if-none-exist': criteria(identifier) };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => physician.post('Patient', patient({ identifier: [identifier] }), headers)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('see the same criterion however it is written', async () => {
    const identifier = token();
    const [first, second] = await Promise.all([
      physician.post('Patient', patient({ identifier: [identifier], active: true }), {
        'if-none-exist': `${criteria(identifier)}&active=true`,
      }),
      physician.post('Patient', patient({ identifier: [identifier], active: true }), {
        'if-none-exist': `active=true&identifier=${encodeURIComponent(`${identifier.system}|${identifier.value}`)}`,
      }),
    ]);
    expect([first.status, second.status].sort()).toEqual([200, 201]);
  });

  it('update the one match, create where there is none, and refuse several', async () => {
    const identifier = token();
    const put = (more: object = {}) =>
      physician.put(`Patient?${criteria(identifier)}`, patient({ identifier: [identifier], ...more }));
    const made = await put();
    expect(made.status).toBe(201);
    const updated = await put({ gender: 'other' });
    expect([updated.status, updated.body.id, updated.body.meta.versionId]).toEqual([200, made.body.id, '2']);
    expect((await put({ id: randomUUID() })).status).toBe(400);
    await physician.post('Patient', patient({ identifier: [identifier] }));
    const several = await put();
    expect([several.status, several.body.resourceType]).toEqual([412, 'OperationOutcome']);
  });

  it('create one of several concurrent conditional updates', async () => {
    const identifier = token();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        physician.put(`Patient?${criteria(identifier)}`, patient({ identifier: [identifier] })),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('patch and delete the one match', async () => {
    const identifier = token();
    const operations = [{ op: 'add', path: '/active', value: true }];
    expect((await physician.patch(`Patient?${criteria(identifier)}`, operations)).status).toBe(404);
    const { body } = await physician.post('Patient', patient({ identifier: [identifier] }));
    const patched = await physician.patch(`Patient?${criteria(identifier)}`, operations);
    expect([patched.status, patched.body['active']]).toEqual([200, true]);
    expect((await integration.delete(`Patient?${criteria(identifier)}`)).status).toBe(204);
    expect((await physician.get(`Patient/${body.id}`)).status).toBe(410);
    expect((await integration.delete(`Patient?${criteria(identifier)}`)).status).toBe(204);
  });

  it('refuse criteria that say nothing or that nobody knows', async () => {
    expect((await integration.delete('Patient')).status).toBe(412);
    expect((await physician.put('Patient', patient())).status).toBe(412);
    expect((await integration.delete('Patient?nonsense=1')).status).toBe(400);
    expect((await physician.post('Patient', patient(), { 'if-none-exist': 'nonsense=1' })).status).toBe(400);
    const lenient = { prefer: 'handling=lenient' };
    expect((await integration.delete('Patient?nonsense=1', lenient)).status).toBe(400);
  });
});

describe('Idempotency-Key', () => {
  it('answers a repeated request as the first time, and appends nothing', async () => {
    const identifier = token();
    const body = patient({ identifier: [identifier] });
    const headers = { 'idempotency-key': randomUUID() };
    const first = await physician.post('Patient', body, headers);
    const again = await Promise.all([1, 2, 3].map(() => physician.post('Patient', body, headers)));
    for (const { status, text, headers: told } of again) {
      expect([status, text]).toEqual([201, first.text]);
      for (const name of ['location', 'etag', 'last-modified', 'x-anamnesis-position']) {
        expect([name, told.get(name)]).toEqual([name, first.headers.get(name)]);
      }
    }
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('makes one of many at the same moment', async () => {
    const identifier = token();
    const body = patient({ identifier: [identifier] });
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => physician.post('Patient', body, headers)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ body: made }) => made.id)).size).toBe(1);
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('gives the first answer even when the resource moved on', async () => {
    const body = patient();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await physician.post('Patient', body, headers);
    await physician.put(`Patient/${first.body.id}`, patient({ id: first.body.id }));
    const again = await physician.post('Patient', body, headers);
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  it('holds for updates, patches, deletions and transactions', async () => {
    const { body } = await physician.post('Patient', patient());
    const path = `Patient/${body.id}`;
    const twice = async (send: (headers: Record<string, string>) => Promise<{ status: number }>) => {
      const headers = { 'idempotency-key': randomUUID() };
      return [(await send(headers)).status, (await send(headers)).status];
    };
    const next = patient({ id: body.id });
    const operations = [{ op: 'add', path: '/active', value: true }];
    expect(await twice((headers) => physician.put(path, next, headers))).toEqual([200, 200]);
    expect(await twice((headers) => physician.patch(path, operations, headers))).toEqual([200, 200]);
    expect(await twice((headers) => integration.delete(path, headers))).toEqual([204, 204]);
    expect((await physician.search(`${path}/_history`)).body.total).toBe(4);

    const identifier = token();
    const sent = transaction(entry('POST', 'Patient', patient({ identifier: [identifier] })));
    const headers = { 'idempotency-key': randomUUID() };
    const first = await physician.bundle(sent, headers);
    const again = await physician.bundle(sent, headers);
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('is refused for another request, and is nobody else’s', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    expect((await physician.post('Patient', patient(), headers)).status).toBe(201);
    expect((await physician.post('Patient', patient(), headers)).status).toBe(422);
    expect((await integration.post('Patient', patient(), headers)).status).toBe(201);
    expect((await physician.post('Patient', patient(), { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
  });
});

describe('a transaction', () => {
  it('resolves urn:uuid references, circular ones too, in any order', async () => {
    const [patientUrn, organisationUrn, observationUrn] = [1, 2, 3].map(() => `urn:uuid:${randomUUID()}`);
    const answer = await physician.bundle(
      transaction(
        entry('POST', 'Observation', observation(patientUrn!, { hasMember: [{ reference: observationUrn }] }), {
          fullUrl: `urn:uuid:${randomUUID()}`,
        }),
        entry('POST', 'Observation', observation(patientUrn!), { fullUrl: observationUrn }),
        entry('POST', 'Patient', patient({ link: [{ other: { reference: patientUrn }, type: 'seealso' }] }), {
          fullUrl: patientUrn,
        }),
      ),
    );
    expect([answer.status, statuses(answer)]).toEqual([200, ['201', '201', '201']]);
    const [first, second, person] = [0, 1, 2].map((index) => located(answer, index));
    expect((await physician.get(first!)).body).toMatchObject({
      subject: { reference: person },
      hasMember: [{ reference: second }],
    });
    expect((await physician.get(person!)).body).toMatchObject({ link: [{ other: { reference: person } }] });
    expect(organisationUrn).toBeDefined();
    const found = await physician.search(`Observation?subject=${person}`);
    expect(found.body.entry).toHaveLength(2);
  });

  it('resolves circular references between two resources', async () => {
    const [one, two] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
    const link = (other: string) => ({ link: [{ other: { reference: other }, type: 'seealso' }] });
    const answer = await physician.bundle(
      transaction(
        entry('POST', 'Patient', patient(link(two)), { fullUrl: one }),
        entry('POST', 'Patient', patient(link(one)), { fullUrl: two }),
      ),
    );
    expect(statuses(answer)).toEqual(['201', '201']);
    expect((await physician.get(located(answer, 0))).body).toMatchObject(link(located(answer, 1)));
    expect((await physician.get(located(answer, 1))).body).toMatchObject(link(located(answer, 0)));
  });

  it('resolves conditional references, and refuses those that match none or several', async () => {
    const identifier = token();
    const { body } = await physician.post('Patient', patient({ identifier: [identifier] }));
    const reference = `Patient?${criteria(identifier)}`;
    const send = () => physician.bundle(transaction(entry('POST', 'Observation', observation(reference))));
    const answer = await send();
    expect(statuses(answer)).toEqual(['201']);
    expect((await physician.get(located(answer, 0))).body).toMatchObject({
      subject: { reference: `Patient/${body.id}` },
    });
    const none = transaction(entry('POST', 'Observation', observation(`Patient?${criteria(token())}`)));
    expect((await physician.bundle(none)).status).toBe(422);
    await physician.post('Patient', patient({ identifier: [identifier] }));
    expect((await send()).status).toBe(412);
  });

  it('works on deletions, creations, updates and reads in that order, whatever the order they stand in', async () => {
    const identifier = token();
    const old = (await physician.post('Patient', patient({ identifier: [identifier] }))).body.id;
    const changed = (await physician.post('Patient', patient())).body.id;
    const patched = (await physician.post('Patient', patient())).body.id;
    const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/active', value: true }])).toString('base64');
    const answer = await integration.bundle(
      transaction(
        entry('GET', `Patient/${changed}`),
        entry('PATCH', `Patient/${patched}`, {
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: patch,
        }),
        entry('PUT', `Patient/${changed}`, patient({ id: changed, gender: 'other' }), { ifMatch: 'W/"1"' }),
        entry('POST', 'Patient', patient({ identifier: [identifier] })),
        entry('DELETE', `Patient/${old}`),
        entry('GET', `Patient?${criteria(identifier)}`),
      ),
    );
    expect([answer.status, statuses(answer)]).toEqual([200, ['200', '200', '200', '201', '204', '200']]);
    expect(answer.body.entry?.[0]?.resource).toMatchObject({ id: changed, gender: 'other' });
    const found = answer.body.entry?.[5]?.resource as unknown as Bundle;
    expect(found.entry?.map(({ resource }) => `Patient/${resource?.id}`)).toEqual([located(answer, 3)]);
    expect((await physician.get(`Patient/${patched}`)).body['active']).toBe(true);
  });

  it('stores all or nothing', async () => {
    const identifier = token();
    const standing = (await physician.post('Patient', patient())).body.id;
    const good = () => entry('POST', 'Patient', patient({ identifier: [identifier] }));
    const bad = [
      entry('POST', 'Patient', { resourceType: 'Patient', gender: 'wrong' }),
      entry('PUT', `Patient/${standing}`, patient({ id: standing }), { ifMatch: 'W/"9"' }),
      entry('POST', 'Observation', observation(`Patient/${randomUUID()}`)),
      entry('POST', 'Observation', observation(`urn:uuid:${randomUUID()}`)),
      entry('POST', 'Observation', patient()),
      entry('POST', 'Nonsense', patient()),
      entry('PUT', `Patient/${standing}`, patient({ id: 'other' })),
      entry('POST', 'Claim', { resourceType: 'Claim' }),
      entry('GET', '_history/x/y/z'),
      { resource: patient() },
    ];
    for (const [index, wrong] of bad.entries()) {
      const answer = await physician.bundle(transaction(good(), wrong));
      expect([index, Math.floor(answer.status / 100), answer.body.resourceType]).toEqual([
        index,
        4,
        'OperationOutcome',
      ]);
    }
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(0);
    expect((await physician.get(`Patient/${standing}`)).body.meta.versionId).toBe('1');
  });

  it('names the entry and the element that is wrong', async () => {
    const wrong = { resourceType: 'Patient', birthDate: '2021-02-30' };
    const answer = await physician.bundle(
      transaction(entry('POST', 'Patient', patient()), entry('POST', 'Patient', wrong)),
    );
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Bundle.entry[1].resource.birthDate');
  });

  it('creates conditionally, and refers to what stood there already', async () => {
    const identifier = token();
    const { body } = await physician.post('Patient', patient({ identifier: [identifier] }));
    const urn = `urn:uuid:${randomUUID()}`;
    const answer = await physician.bundle(
      transaction(
        entry('POST', 'Patient', patient({ identifier: [identifier] }), {
          fullUrl: urn,
          ifNoneExist: criteria(identifier),
        }),
        entry('POST', 'Observation', observation(urn)),
      ),
    );
    expect(statuses(answer)).toEqual(['200', '201']);
    expect((await physician.get(located(answer, 1))).body).toMatchObject({
      subject: { reference: `Patient/${body.id}` },
    });
  });

  it('of two at the same moment with the same conditional creation, one creates', async () => {
    const identifier = token();
    const sent = () =>
      transaction(
        entry('POST', 'Patient', patient({ identifier: [identifier] }), { ifNoneExist: criteria(identifier) }),
        entry('POST', 'Patient', patient()),
      );
    const answers = await Promise.all([1, 2, 3].map(() => physician.bundle(sent())));
    expect(answers.map((answer) => statuses(answer)[0]).sort()).toEqual(['200', '200', '201']);
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(1);
  });

  it('refuses to write a resource twice, or two entries of one fullUrl', async () => {
    const id = randomUUID();
    const put = () => entry('PUT', `Patient/${id}`, patient({ id }));
    expect((await physician.bundle(transaction(put(), put()))).status).toBe(400);
    const urn = { fullUrl: `urn:uuid:${randomUUID()}` };
    const twice = transaction(entry('POST', 'Patient', patient(), urn), entry('POST', 'Patient', patient(), urn));
    expect((await physician.bundle(twice)).status).toBe(400);
    expect((await physician.get(`Patient/${id}`)).status).toBe(404);
  });

  it('creates a resource under the id of a PUT, and others may refer to it', async () => {
    const id = `client-${randomUUID().slice(0, 8)}`;
    const answer = await physician.bundle(
      transaction(
        entry('POST', 'Observation', observation(`Patient/${id}`)),
        entry('PUT', `Patient/${id}`, patient({ id })),
      ),
    );
    expect(statuses(answer)).toEqual(['201', '201']);
    expect((await physician.search(`Observation?patient=${id}`)).body.entry).toHaveLength(1);
  });

  it('answers with resources when they are asked for', async () => {
    const sent = transaction(entry('POST', 'Patient', patient()));
    expect((await physician.bundle(sent)).body.entry?.[0]?.resource).toBeUndefined();
    const whole = await physician.bundle(sent, { prefer: 'return=representation' });
    expect(whole.body.entry?.[0]?.resource).toMatchObject({ resourceType: 'Patient', meta: { versionId: '1' } });
  });

  it('may be empty', async () => {
    const answer = await physician.bundle(transaction());
    expect([answer.status, answer.body.type]).toEqual([200, 'transaction-response']);
    expect((await physician.bundle({ resourceType: 'Bundle', type: 'transaction' })).status).toBe(200);
  });
});

describe('a batch', () => {
  it('stores what is good, and tells of each that is not', async () => {
    const identifier = token();
    const answer = await physician.bundle({
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        entry('POST', 'Patient', patient({ identifier: [identifier] })),
        entry('POST', 'Patient', { resourceType: 'Patient', gender: 'wrong' }),
        { request: { method: 'BREW', url: 'Patient' } },
        entry('GET', `Patient/${randomUUID()}`),
        entry('POST', 'Patient', patient({ identifier: [identifier] })),
        entry('GET', `Patient?${criteria(identifier)}`),
        entry('POST', 'Claim', { resourceType: 'Claim' }),
        entry('GET', 'Patient?birthdate=never'),
        null,
      ] as object[],
    });
    expect(answer.status).toBe(200);
    expect(answer.body.type).toBe('batch-response');
    expect(statuses(answer)).toEqual(['201', '422', '400', '404', '201', '200', '403', '400', '400']);
    expect(answer.body.entry?.[1]?.response?.outcome).toMatchObject({ resourceType: 'OperationOutcome' });
    expect(await countOf(`Patient?${criteria(identifier)}`)).toBe(2);
  });

  it('keeps decimals as they were sent, and an update’s If-Match', async () => {
    const { body } = await physician.post('Patient', patient());
    const sent = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        entry('POST', 'Observation', observation(`Patient/${body.id}`, { valueQuantity: { value: 7 } })),
        entry('PUT', `Patient/${body.id}`, patient({ id: body.id }), { ifMatch: 'W/"3"' }),
        entry('GET', `Patient/${body.id}`, undefined, { ifNoneMatch: 'W/"1"' }),
      ],
    };
    const answer = await physician.bundle(JSON.stringify(sent).replace('"value":7', '"value":7.000'));
    expect(statuses(answer)).toEqual(['201', '412', '304']);
    expect((await physician.get(located(answer, 0))).text).toContain('"value":7.000');
  });
});
