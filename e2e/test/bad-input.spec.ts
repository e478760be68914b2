import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  entry,
  FhirClient,
  mintedToken,
  outside,
  patient,
  startServer,
  Team,
  transaction,
  type Answer,
  type Server,
} from '../src/index.ts';

const BODY_LIMIT = 200_000;

let server: Server;
let team: Team;
let client: FhirClient;

beforeAll(async () => {
  server = await startServer({ env: { ANAMNESIS_BODY_BYTES: String(BODY_LIMIT), ANAMNESIS_NESTING: '32' } });
  team = new Team(server);
  client = await team.as('integration');
}, 90_000);

afterAll(() => server?.stop());

/** How many patients and observations there are, and how many versions of them there ever were. */
async function stored(): Promise<readonly unknown[]> {
  const counts = await Promise.all(
    ['Patient', 'Observation'].map(async (type) => (await client.searchAll(`${type}?_summary=count`)).body.total),
  );
  const newest = (await client.search('_history?_count=1')).body.entry?.[0]?.resource;
  return [...counts, newest?.id, newest?.meta.versionId];
}

/** The request is refused with one of the statuses, as an OperationOutcome that says why, and nothing was stored. */
async function refused(send: () => Promise<Answer<unknown>>, ...statuses: readonly number[]): Promise<Answer<unknown>> {
  const before = await stored();
  const answer = await send();
  expect(statuses).toContain(answer.status);
  const outcome = answer.body as { resourceType: string; issue: { severity: string; diagnostics: string }[] };
  expect(outcome.resourceType).toBe('OperationOutcome');
  expect(outcome.issue[0]!.diagnostics.length).toBeGreaterThan(10);
  expect(answer.text).not.toMatch(/\bat [A-Za-z.<>]+ \(|node_modules|SQLITE|\.ts:\d/);
  expect(await stored()).toEqual(before);
  return answer;
}

const post = (text: string | Uint8Array, headers: Record<string, string> = {}) =>
  client.send<unknown>('POST', 'Patient', text, headers);
const postOf = (resource: unknown) => post(JSON.stringify(resource));
const P = '"resourceType":"Patient"';

describe('JSON that is none', () => {
  const texts: readonly (readonly [string, string | Uint8Array])[] = [
    ['cut off', `{${P},"gender":`],
    ['a trailing comma', `{${P},}`],
    ['a comment', `{${P}} // yes`],
    ['single quotes', `{'resourceType':'Patient'}`],
    ['two documents', `{${P}}{${P}}`],
    ['nothing', ' '],
    ['a bare word', 'Patient'],
    ['NaN', `{${P},"multipleBirthInteger":NaN}`],
    ['a leading zero', `{${P},"multipleBirthInteger":01}`],
    ['a raw control character', `{${P},"language":"a\u0001b"}`],
    ['a lone escape', `{${P},"language":"\\x41"}`],
    ['bytes that are no UTF-8', Buffer.from([...Buffer.from(`{${P},"language":"`), 0xc3, 0x28, ...Buffer.from('"}')])],
    ['UTF-16', Buffer.from(`{${P}}`, 'utf16le')],
    ['XML', '<Patient xmlns="http://hl7.org/fhir"/>'],
  ];
  it.each(texts)('%s', async (_name, text) => {
    await refused(() => post(text), 400);
  });

  it('names the place of the fault, and not what stands there', async () => {
    const answer = await refused(() => post(`{${P},\n"gender": Zanzibar}`), 400);
    expect(answer.text).toContain('Line 2');
    expect(answer.text).not.toContain('Zanzibar');
  });

  it('a member that stands twice', async () => {
    const answer = await refused(() => post(`{${P},"gender":"male","gender":"female"}`), 400);
    expect(answer.text).toContain('column 43');
    await refused(() => post(`{${P},"name":[{"family":"a","\\u0066amily":"b"}]}`), 400);
    await refused(() => post(`{${P},"resourceType":"Observation"}`), 400);
  });

  it('nesting over the limit, however deep', async () => {
    const nested = (depth: number) =>
      `{${P},"extension":${'[{"url":"u:x","extension":'.repeat(depth)}[]${'}]'.repeat(depth)}}`;
    await refused(() => post(nested(40)), 400);
    await refused(() => post(`{${P},"name":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), 400);
    await refused(() => post('['.repeat(100_000)), 400);
  });
});

describe('content types and bodies', () => {
  it('are told apart', async () => {
    const body = JSON.stringify(patient());
    for (const type of [
      'text/plain',
      'application/xml',
      'application/fhir+xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonp',
      'garbage',
    ]) {
      await refused(() => post(body, { 'content-type': type }), 415);
    }
    expect((await post(body, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(201);
    expect((await post(body, { 'content-type': 'Application/FHIR+JSON' })).status).toBe(201);
  });

  (outside ? it.skip : it)('must not be over the limit', async () => {
    const long = 'x'.repeat(BODY_LIMIT);
    await refused(() => postOf(patient({ text: { status: 'generated', div: long } })), 413);
    await refused(() => client.bundle(transaction(entry('POST', 'Patient', patient({ language: long })))), 413);
  });

  it('must be there', async () => {
    await refused(() => client.send('POST', 'Patient', ''), 400, 415);
    await refused(() => client.send('PUT', `Patient/${randomUUID()}`), 400, 415);
    await refused(() => client.send('POST', ''), 400, 415);
  });
});

describe('resources that are none', () => {
  const bad: readonly (readonly [string, unknown, string])[] = [
    ['an array', [], ''],
    ['a string', 'Patient', ''],
    ['null', null, ''],
    ['no type', { name: [] }, 'resourceType'],
    ['a type of another kind', { resourceType: 7 }, 'resourceType'],
    ['another type than the URL’s', { resourceType: 'Observation' }, 'resourceType'],
  ];
  it.each(bad)('%s', async (_name, resource, expression) => {
    const answer = await refused(() => postOf(resource), 400);
    expect(answer.text).toContain(expression);
  });

  const invalid: readonly (readonly [string, object, string])[] = [
    ['a list where one value belongs', { gender: ['male'] }, 'Patient.gender'],
    ['one value where a list belongs', { name: { family: 'x' } }, 'Patient.name'],
    ['a number where a string belongs', { language: 7 }, 'Patient.language'],
    ['a string where a boolean belongs', { active: 'true' }, 'Patient.active'],
    ['a string where a number belongs', { multipleBirthInteger: '1' }, 'Patient.multipleBirth'],
    ['an element that is not known', { nonsense: 1 }, 'Patient.children()[1]'],
    ['an element that is not known, deep inside', { name: [{ familie: 'x' }] }, 'Patient.name[0].children()[0]'],
    ['two of one choice', { deceasedBoolean: true, deceasedDateTime: '2020' }, 'Patient.deceased'],
    ['a code that is not bound', { gender: 'masculine' }, 'Patient.gender'],
    ['a date that does not exist', { birthDate: '2021-02-29' }, 'Patient.birthDate'],
    ['a month that does not exist', { birthDate: '2021-13-01' }, 'Patient.birthDate'],
    ['a date in words', { birthDate: 'yesterday' }, 'Patient.birthDate'],
    ['a time without a zone', { deceasedDateTime: '2021-01-01T10:00:00' }, 'Patient.deceased'],
    ['null in a list', { name: [null] }, 'Patient.name'],
    ['an empty list', { name: [] }, 'Patient.name'],
    ['an empty object', { name: [{}] }, 'Patient.name'],
    ['an empty string', { language: '' }, 'Patient.language'],
    ['an integer that is none', { multipleBirthInteger: 1.5 }, 'Patient.multipleBirth'],
    ['an integer that is too large', { multipleBirthInteger: 1e20 }, 'Patient.multipleBirth'],
    ['a required element that is missing', { communication: [{ preferred: true }] }, 'Patient.communication[0]'],
    [
      'an extension with value and extensions',
      { extension: [{ url: 'u:x', valueString: 'a', extension: [{ url: 'u:y', valueString: 'b' }] }] },
      'Patient.extension[0]',
    ],
    ['an id that cannot be one', { id: 'a b' }, 'Patient.id'],
    [
      'a script in the narrative',
      { text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>' } },
      'Patient.text',
    ],
    ['a reference of a wrong type', { managingOrganization: { reference: `Patient/${randomUUID()}` } }, 'Patient'],
  ];
  it.each(invalid)('%s', async (_name, elements, expression) => {
    const answer = await refused(() => postOf({ resourceType: 'Patient', ...elements }), 422);
    expect(answer.text).toContain(expression);
  });

  it('tells all faults at once', async () => {
    const answer = await refused(
      () => postOf({ resourceType: 'Patient', gender: 'x', birthDate: 'y', nonsense: 1 }),
      422,
    );
    expect((answer.body as { issue: unknown[] }).issue.length).toBeGreaterThanOrEqual(3);
  });

  it('references that resolve to nothing', async () => {
    const observation = (reference: string) => ({
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference },
    });
    const gone = (await client.post('Patient', patient())).body.id;
    await client.delete(`Patient/${gone}`);
    for (const reference of [
      `Patient/${randomUUID()}`,
      `Patient/${gone}`,
      `urn:uuid:${randomUUID()}`,
      '#nothing',
      `${client.base}/Patient/nobody`,
    ]) {
      await refused(() => client.post('Observation', observation(reference)), 422);
    }
    const elsewhere = observation('https://elsewhere.example/fhir/Patient/1');
    expect((await client.post('Observation', elsewhere)).status).toBe(201);
  });
});

describe('strings that mean harm', () => {
  const hostile: readonly (readonly [string, string])[] = [
    ['SQL', `Robert'); DROP TABLE documents;--`],
    ['more SQL', `" OR 1=1 --`],
    ['NoSQL', `{"$gt":""}`],
    ['a path', '../../../../etc/passwd'],
    ['a template', '${7*7}{{7*7}}<%= 7*7 %>'],
    ['HTML', '<img src=x onerror=alert(1)>'],
    ['a prototype', '__proto__'],
    ['emoji with joiners', '👩‍👩‍👧‍👦🏳️‍🌈'],
    ['right to left', '\u202Eאבג שלום\u202C مرحبا'],
    ['combining marks', 'e\u0301\u0301\u0301'.repeat(50)],
    ['zero width', 'a\u200Bb\uFEFFc'],
    ['wildcards', '%_*?[a-z]\\'],
    ['FHIR’s own separators', 'a|b,c$d\\,e'],
    ['a format', '%s%n%x%d'],
    ['very long', 'ß'.repeat(50_000)],
  ];
  it.each(hostile)('come back as they were sent, and are found: %s', async (_name, text) => {
    const made = await client.post('Patient', { resourceType: 'Patient', name: [{ family: text }] });
    expect(made.status).toBe(201);
    expect((await client.get(`Patient/${made.body.id}`)).body['name']).toEqual([{ family: text }]);
    const asked = text.slice(0, 500).replace(/[\\|,$]/g, (character) => `\\${character}`);
    const found = await client.search(
      `Patient?family:exact=${encodeURIComponent(text.length > 500 ? '' : asked)}&_id=${made.body.id}`.replace(
        'family:exact=&',
        '',
      ),
    );
    expect(found.body.entry?.map(({ resource }) => resource?.id)).toEqual([made.body.id]);
  });

  it('do not reach a prototype', async () => {
    await refused(() => post(`{${P},"__proto__":{"active":true}}`), 400, 422);
    await refused(() => post(`{${P},"constructor":{"prototype":{"x":1}}}`), 422);
    const { id } = (await client.post('Patient', patient())).body;
    await refused(
      () => client.patch(`Patient/${id}`, '[{"op":"add","path":"/__proto__/polluted","value":true}]'),
      400,
      422,
    );
    await refused(
      () => client.patch(`Patient/${id}`, '[{"op":"add","path":"/constructor/prototype/polluted","value":true}]'),
      400,
      422,
    );
  });

  it('control characters come back as they were sent, and half a character is none', async () => {
    for (const family of ['a\u0001b', 'a\u0007b', 'a\u007Fb', '\u2028']) {
      const { status, body } = await client.post('Patient', { resourceType: 'Patient', name: [{ family }] });
      expect([status, body['name']]).toEqual([201, [{ family }]]);
      const found = await client.search(`Patient?_id=${body.id}`);
      expect(found.body.entry?.[0]?.resource?.['name']).toEqual([{ family }]);
    }
    await refused(() => post(`{${P},"name":[{"family":"\\ud800"}]}`), 400, 422);
    await refused(() => post(`{${P},"name":[{"family":"a\\u0000b"}]}`), 400, 422);
  });
});

describe('bundles', () => {
  it('with one bad entry store nothing as a transaction, and the others as a batch', async () => {
    const key = randomUUID();
    const good = () => patient({ identifier: [{ system: 'urn:e2e', value: key }] });
    const entries = [
      entry('POST', 'Patient', good()),
      entry('POST', 'Patient', { resourceType: 'Patient', gender: 1 }),
      entry('POST', 'Patient', good()),
    ];
    await refused(() => client.bundle(transaction(...entries)), 400, 422);
    const batch = await client.bundle({ resourceType: 'Bundle', type: 'batch', entry: entries });
    expect(batch.body.entry?.map(({ response }) => response?.status)).toEqual(['201', '422', '201']);
    expect((await client.search(`Patient?identifier=${key}&_summary=count`)).body.total).toBe(2);
  });

  it('that are none', async () => {
    const wrong = [
      { resourceType: 'Bundle' },
      { resourceType: 'Bundle', type: 'searchset' },
      { resourceType: 'Bundle', type: 'nonsense' },
      { resourceType: 'Bundle', type: 7 },
      { resourceType: 'Bundle', type: 'transaction', entry: {} },
      { resourceType: 'Bundle', type: 'transaction', entry: 'x' },
      { resourceType: 'Bundle', type: 'transaction', entry: [null] },
      { resourceType: 'Bundle', type: 'transaction', entry: [7] },
      { resourceType: 'Bundle', type: 'transaction', entry: [[]] },
      { resourceType: 'Bundle', type: 'transaction', entry: [{ request: 'POST Patient' }] },
      transaction(entry('POST', 'Patient')),
      transaction(entry('DELETE', 'Patient/x', patient())),
      transaction(entry('POST', 'Patient/%zz', patient())),
      transaction(entry('POST', 'https://elsewhere.example/fhir/Patient', patient())),
      transaction(entry('POST', '../admin/erasures', patient())),
      transaction(entry('POST', 'Patient', [patient()])),
      transaction(entry('PUT', `Patient/${'x'.repeat(65)}`, patient({ id: 'x'.repeat(65) }))),
      transaction(entry('PATCH', 'Patient/x', patient())),
      transaction(entry('POST', '', { resourceType: 'Bundle', type: 'batch' })),
    ];
    for (const bundle of wrong) await refused(() => client.bundle(bundle), 400, 404, 422);
  });
});

describe('versions, ids and paths', () => {
  it('a stale If-Match', async () => {
    const { id } = (await client.post('Patient', patient())).body;
    await client.put(`Patient/${id}`, patient({ id }));
    await refused(() => client.put(`Patient/${id}`, patient({ id }), { 'if-match': 'W/"1"' }), 412);
    await refused(() => client.delete(`Patient/${id}`, { 'if-match': 'W/"1"' }), 412);
    await refused(() => client.patch(`Patient/${id}`, [], { 'if-match': '1' }), 400);
  });

  it('an id of 65 characters, and others that cannot be one', async () => {
    for (const id of ['x'.repeat(65), 'a_b', 'a%20b', '%00', 'ä', 'a%2Fb%2Fc%2Fd', '$', '%24everything%24']) {
      await refused(() => client.get(`Patient/${id}`), 400, 404);
      await refused(() => client.put(`Patient/${id}`, patient({ id: decodeURIComponent(id) })), 400, 404, 405);
    }
    const longest = 'y'.repeat(64);
    expect((await client.put(`Patient/${longest}`, patient({ id: longest }))).status).toBe(201);
    await refused(() => client.put(`Patient/${longest}`, patient({ id: 'other' })), 400);
    await refused(() => client.put(`Patient/${longest}`, patient()), 400);
  });

  it('percent signs that encode nothing', async () => {
    for (const path of ['Patient/%', 'Patient/%zz', '%E0%A4%A', 'Patient/%C0%AE']) {
      await refused(() => client.get(path), 400, 404);
    }
    expect((await client.get('Patient?name=%')).status).toBeLessThan(500);
    expect((await client.get('Patient?name=%E0%A4%A')).status).toBeLessThan(500);
  });

  it('methods and paths that are not served', async () => {
    const wrong: readonly (readonly [string, string, number])[] = [
      ['POST', `Patient/${randomUUID()}`, 405],
      ['PUT', '', 405],
      ['DELETE', '_history', 405],
      ['POST', 'metadata', 405],
      ['OPTIONS', 'Patient', 405],
      ['GET', 'Nonsense', 404],
      ['GET', 'patient', 404],
      ['GET', 'Patient/x/y', 404],
      ['GET', 'Patient/x/_history/1/2', 405],
      ['GET', 'Patient/$nonsense', 404],
      ['GET', 'constructor', 404],
      ['GET', '__proto__', 404],
      ['POST', 'Patient/$validate/x', 405],
      ['POST', 'Parameters', 404],
    ];
    for (const [method, path, status] of wrong) {
      const sent = method === 'POST' || method === 'PUT' ? '{}' : undefined;
      const answer = await client.send(method, path, sent);
      expect([method, path, answer.status, answer.body?.resourceType]).toEqual([
        method,
        path,
        status,
        'OperationOutcome',
      ]);
    }
    await refused(() => client.post('AuditEvent', { resourceType: 'AuditEvent' }), 403, 405);
  });
});

describe('searches', () => {
  it('that cannot be meant', async () => {
    const wrong = [
      '_count=-1',
      '_count=1000000000',
      '_count=ten',
      '_count=1.5',
      '_sort=nothing',
      '_summary=all',
      'birthdate=2021-02-30',
      'birthdate=gt',
      'birthdate=xx2020',
      'gender:nonsense=x',
      'name:missing=perhaps',
      '_lastUpdated=today',
      '_include=nonsense',
      '_include=Patient:x:y:z',
      '_has:x',
      '_has:Observation:nothing:code=1',
      'organization.nothing=x',
      'organization.name.x=y',
      '_cursor=forged',
      '_elements=',
      '_total=some',
      '_id=',
      '_format=yaml',
    ];
    for (const query of wrong) {
      const answer = await client.get(`Patient?${query}`, { prefer: 'handling=strict' });
      expect([query, answer.status, answer.body.resourceType]).toEqual([
        query,
        query === '_format=yaml' ? 406 : 400,
        'OperationOutcome',
      ]);
    }
  });

  it('with parameters that nobody knows, as Prefer says', async () => {
    const strict = await client.get('Patient?nonsense=1', { prefer: 'handling=strict' });
    expect(strict.status).toBe(400);
    for (const headers of [{}, { prefer: 'handling=lenient' }]) {
      const lenient = await client.search('Patient?nonsense=1&_count=1', headers);
      expect(lenient.status).toBe(200);
      expect(lenient.body.link?.find(({ relation }) => relation === 'self')?.url).not.toContain('nonsense');
      expect(lenient.body.entry?.map(({ search }) => search?.mode)).toContain('outcome');
    }
  });

  it('with more parameters or deeper chains than the limit', async () => {
    const many = Array.from({ length: 101 }, () => 'name=a').join('&');
    expect((await client.get(`Patient?${many}`)).status).toBe(400);
    const deep = `general-practitioner:Practitioner.${'_has:PractitionerRole:practitioner:practitioner.'.repeat(40)}name=a`;
    expect((await client.get(`Patient?${deep}`)).status).toBe(400);
    const values = Array.from({ length: 20_000 }, (_, index) => index).join(',');
    expect((await client.get(`Patient?_id=${values.slice(0, 14_000)}`)).status).toBeLessThan(500);
    const posted = await client.post('Patient/_search', `_id=${values}`, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(posted.status).toBeLessThan(500);
  });

  it('with a regular expression bomb answer at once, and others are served meanwhile', async () => {
    await client.post('Patient', { resourceType: 'Patient', name: [{ family: 'a'.repeat(5_000) }] });
    const bombs = [
      `${'(a+)+'.repeat(20)}$`,
      `${'a'.repeat(3_000)}!`,
      `${'%'.repeat(2_000)}b`,
      `${'_%'.repeat(1_000)}`,
      `${'*a'.repeat(1_000)}`,
      `[${'a-z'.repeat(500)}]*`,
    ];
    const answers = await Promise.all([
      ...bombs.flatMap((bomb) =>
        ['name:contains', 'family', 'name:exact'].map((name) =>
          client.get(`Patient?${name}=${encodeURIComponent(bomb).slice(0, 12_000)}`),
        ),
      ),
      client.get('Patient?_count=1'),
    ]);
    for (const { status } of answers) expect([200, 400, 414, 431]).toContain(status);
  }, 20_000);
});

describe('tokens', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const partsOf = async () => {
    const [head = '', payload = '', signature = ''] = (await team.token('physician')).split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
    return { head: read(head), payload: read(payload), raw: { head, payload, signature } };
  };
  const denied = async (token: string) => {
    const { status, headers } = await new FhirClient(client.base, token).get('Patient');
    expect([status, headers.get('www-authenticate') ?? '']).toEqual([401, expect.stringContaining('invalid_token')]);
  };

  it('forged, unsigned, altered or of another key', async () => {
    const { head, payload, raw } = await partsOf();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signed = (header: object, claims: object) => {
      const text = `${encode(header)}.${encode(claims)}`;
      return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey).toString('base64url')}`;
    };
    await denied(signed(head, payload));
    await denied(`${encode({ ...head, alg: 'none' })}.${raw.payload}.`);
    await denied(`${encode({ alg: 'none' })}.${encode({ ...payload, realm_access: { roles: ['operator'] } })}.x`);
    await denied(`${raw.head}.${encode({ ...payload, realm_access: { roles: ['integration'] } })}.${raw.signature}`);
    await denied(
      `${raw.head}.${encode({ ...payload, exp: Math.floor(Date.now() / 1_000) + 999_999 })}.${raw.signature}`,
    );
    await denied(`${encode({ ...head, alg: 'HS256' })}.${raw.payload}.${raw.signature}`);
    await denied(`${raw.head}.${raw.payload}.${raw.signature.slice(0, -6)}AAAAAA`);
    await denied('a.b.c');
    await denied('x');
  });

  it('none, or of another scheme', async () => {
    const nobody = new FhirClient(client.base, undefined);
    for (const authorization of ['', 'Basic YTpi', 'Bearer', 'Bearer a b']) {
      expect((await nobody.get('Patient', authorization === '' ? {} : { authorization })).status).toBe(401);
    }
  });

  (outside ? it.skip : it)(
    'expired',
    async () => {
      const token = await mintedToken(server, 'physician', '1s');
      const expired = new FhirClient(client.base, token);
      let answer = await expired.get('Patient?_count=1');
      for (let tries = 0; answer.status === 200 && tries < 60; tries += 1) {
        await pause(250);
        answer = await expired.get('Patient?_count=1');
      }
      expect(answer.status).toBe(401);
      await denied(token);
    },
    60_000,
  );
});

describe('after all of this', () => {
  it('the record is ready, and no bug was met', async () => {
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    expect(server.output).not.toContain('a bug was');
  });
});
