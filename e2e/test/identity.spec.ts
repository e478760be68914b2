import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  authorizationRequest,
  Browser,
  FhirClient,
  formOf,
  outside,
  patient,
  REALM,
  redeem,
  signIn,
  startServer,
  Team,
  tokenRequest,
  tokensOf,
  type Server,
  type Tokens,
} from '../src/index.ts';

let server: Server;
let team: Team;
let everywhere: FhirClient;

beforeAll(async () => {
  server = await startServer();
  team = new Team(server);
  everywhere = await team.as('integration');
}, 90_000);

afterAll(() => server?.stop());

const identifier = () => ({ system: 'urn:e2e', value: randomUUID() });
const note = (id: string) => ({
  resourceType: 'Composition',
  status: 'preliminary',
  type: { text: 'note' },
  subject: { reference: `Patient/${id}` },
  date: '2020-01-01',
  author: [{ display: 'somebody' }],
  title: 'Note',
});
const observation = (id: string) => ({
  resourceType: 'Observation',
  status: 'preliminary',
  code: { text: 'pulse' },
  subject: { reference: `Patient/${id}` },
});

async function registeredAt(facility: string, more: object = {}): Promise<string> {
  const nurse = await team.as('nurse', { 'x-facility': facility });
  const { status, body } = await nurse.post('Patient', patient(more));
  expect(status).toBe(201);
  return body.id;
}

describe('roles', () => {
  it('open what is theirs, and nothing else', async () => {
    const id = await registeredAt('F1');
    const nurse = await team.as('nurse');
    const composition = (await nurse.post('Composition', note(id))).body.id;
    const pulse = (await nurse.post('Observation', observation(id))).body.id;
    const claim = 'Claim?_count=1';
    const rows: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
      [
        'registrar',
        {
          [`Patient/${id}`]: 200,
          [`Composition/${composition}`]: 403,
          [`Composition/${composition}/_history`]: 403,
          [`Composition/${composition}/_history/1`]: 403,
          'Composition?_count=1': 403,
          [`Observation/${pulse}`]: 403,
          [claim]: 403,
          [`Patient/${id}/$everything`]: 403,
        },
      ],
      [
        'nurse',
        {
          [`Patient/${id}`]: 200,
          [`Composition/${composition}`]: 200,
          [`Observation/${pulse}`]: 200,
          [claim]: 403,
          [`Patient/${id}/$everything`]: 200,
          [`Patient/${id}/$diff?from=2020`]: 200,
        },
      ],
      [
        'pharmacist',
        {
          [`Patient/${id}`]: 200,
          [`Composition/${composition}`]: 200,
          'MedicationRequest?_count=1': 200,
          'Appointment?_count=1': 403,
          [`Patient/${id}/$everything`]: 403,
        },
      ],
      [
        'lab-technician',
        { [`Patient/${id}`]: 200, [`Observation/${pulse}`]: 200, [`Composition/${composition}`]: 403 },
      ],
      [
        'biller',
        {
          [`Patient/${id}`]: 200,
          [claim]: 200,
          'Condition?_count=1': 200,
          [`Composition/${composition}`]: 403,
          [`Observation/${pulse}`]: 403,
          [`Patient/${id}/$everything`]: 403,
        },
      ],
      [
        'compliance-officer',
        {
          [`Patient/${id}`]: 200,
          [`Composition/${composition}`]: 200,
          'AuditEvent?_count=1': 200,
          [`Patient/${id}/$everything`]: 200,
        },
      ],
      [
        'operator',
        {
          [`Patient/${id}`]: 403,
          'Patient?_count=1': 403,
          'Organization?_count=1': 200,
          _history: 200,
          'AuditEvent?_count=1': 403,
        },
      ],
    ];
    for (const [role, wanted] of rows) {
      const client = await team.as(role);
      const got: Record<string, number> = {};
      for (const path of Object.keys(wanted)) got[path] = (await client.get(path)).status;
      expect([role, got]).toEqual([role, wanted]);
    }
  });

  it('write only what is theirs, in bundles too', async () => {
    const id = await registeredAt('F1');
    const registrar = await team.as('registrar');
    expect((await registrar.post('Composition', note(id))).status).toBe(403);
    expect((await (await team.as('biller')).post('Patient', patient())).status).toBe(403);
    expect((await (await team.as('operator')).post('Patient', patient())).status).toBe(403);
    expect((await (await team.as('compliance-officer')).put(`Patient/${id}`, patient({ id }))).status).toBe(403);
    expect((await (await team.as('physician')).delete(`Patient/${id}`)).status).toBe(403);
    const bundle = (type: string) => ({
      resourceType: 'Bundle',
      type,
      entry: [
        { resource: patient({ identifier: [key] }), request: { method: 'POST', url: 'Patient' } },
        { resource: note(id), request: { method: 'POST', url: 'Composition' } },
      ],
    });
    const key = identifier();
    expect((await registrar.bundle(bundle('transaction'))).status).toBe(403);
    expect((await everywhere.search(`Patient?identifier=${key.value}&_summary=count`)).body.total).toBe(0);
    const batch = await registrar.bundle(bundle('batch'));
    expect(batch.body.entry?.map(({ response }) => response?.status)).toEqual(['201', '403']);
  });

  it('do not read by a detour what they may not read', async () => {
    const id = await registeredAt('F1');
    await (await team.as('nurse')).post('Observation', observation(id));
    const registrar = await team.as('registrar');
    for (const query of ['_has:Observation:patient:code=x', '_has:Condition:patient:code=x']) {
      expect([query, (await registrar.get(`Patient?${query}`)).status]).toEqual([query, 403]);
    }
    const included = await registrar.search(`Patient?_id=${id}&_revinclude=Observation:patient`);
    const types = (included.body.entry ?? []).map(({ resource }) => resource?.resourceType);
    expect(types).not.toContain('Observation');
    const history = await registrar.search('_history?_count=200');
    expect(history.body.entry?.some(({ resource }) => resource?.resourceType === 'Observation')).toBe(false);
  });

  it('are told whose API is whose', async () => {
    const paths: readonly (readonly [string, string])[] = [
      ['GET', 'admin/projections'],
      ['POST', 'admin/projections/records/rebuild'],
      ['POST', 'admin/erasures'],
      ['POST', 'admin/holds'],
      ['POST', 'admin/keys/rotate'],
      ['POST', `api/patients/${randomUUID()}/merge`],
    ];
    const nurse = await team.api('nurse');
    for (const [method, path] of paths) {
      const { status } = await nurse.send(method, path, method === 'POST' ? '{}' : undefined);
      expect([path, status]).toEqual([path, 403]);
    }
    expect((await (await team.api('operator')).get('admin/projections')).status).toBe(200);
  });
});

describe('facilities', () => {
  it('hide whom they never saw, everywhere', async () => {
    const key = identifier();
    const there = await registeredAt('F2', { identifier: [key] });
    const here = await registeredAt('F1', { identifier: [key] });
    const nurse = await team.as('nurse', { 'x-facility': 'F2' });
    const pulse = (await nurse.post('Observation', observation(there))).body.id;
    const registrar = await team.as('registrar');
    const laboratory = await team.as('lab-technician');

    expect((await registrar.get(`Patient/${here}`)).status).toBe(200);
    for (const path of [`Patient/${there}`, `Patient/${there}/_history`, `Patient/${there}/_history/1`]) {
      expect([path, (await registrar.get(path)).status]).toEqual([path, 403]);
    }
    expect((await laboratory.get(`Observation/${pulse}`)).status).toBe(403);
    const query = `Patient?identifier=${key.system}|${key.value}`;
    await everywhere.searchAll(query); // the read model has caught up
    const found = await registrar.search(`${query}&_total=accurate`);
    expect([found.body.total, found.body.entry?.map(({ resource }) => resource?.id)]).toEqual([1, [here]]);
    expect((await registrar.search(`${query}&_summary=count`)).body.total).toBe(1);
    expect((await everywhere.search(`${query}&_summary=count`)).body.total).toBe(2);
    const observations = await laboratory.search(`Observation?patient=${there}&_total=accurate`);
    expect([observations.body.total, observations.body.entry]).toEqual([0, undefined]);
    const history = await registrar.search('Patient/_history?_count=1000');
    expect(history.body.entry?.some(({ resource }) => resource?.id === there)).toBe(false);
  });

  it('keep hidden what a write would tell', async () => {
    const there = await registeredAt('F2', { gender: 'female' });
    const registrar = await team.as('registrar');
    expect((await registrar.put(`Patient/${there}`, patient({ id: there }))).status).toBe(403);
    expect((await registrar.delete(`Patient/${there}`)).status).toBe(403);
    for (const gender of ['female', 'male']) {
      const tried = await registrar.patch(`Patient/${there}`, [{ op: 'test', path: '/gender', value: gender }]);
      expect([gender, tried.status]).toEqual([gender, 403]);
    }
    const laboratory = await team.as('lab-technician');
    expect((await laboratory.post('Observation', observation(there))).status).toBe(403);
    expect((await everywhere.get(`Patient/${there}`)).body.meta.versionId).toBe('1');
  });

  it('see a patient from a visit on', async () => {
    const id = await registeredAt('F2');
    const registrar = await team.as('registrar');
    expect((await registrar.get(`Patient/${id}`)).status).toBe(403);
    const nurse = await team.as('nurse', { 'x-facility': 'F1' });
    const visit = {
      resourceType: 'Encounter',
      status: 'arrived',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/${id}` },
    };
    expect((await nurse.post('Encounter', visit)).status).toBe(201);
    await nurse.searchAll(`Encounter?patient=${id}`); // the read model has caught up
    expect((await registrar.get(`Patient/${id}`)).status).toBe(200);
  });

  it('and roles are chosen among those that the token holds', async () => {
    const registrar = await team.as('registrar');
    expect((await registrar.get('Patient?_count=1', { 'x-facility': 'F2' })).status).toBe(403);
    expect((await registrar.get('Patient?_count=1', { 'x-role': 'physician' })).status).toBe(403);
    expect((await registrar.get('Patient?_count=1', { 'x-role': 'registrar', 'x-facility': 'F1' })).status).toBe(200);
  });
});

describe('the purpose of use', () => {
  it('must be a known one, and one that the role may have', async () => {
    const id = await registeredAt('F1');
    const as = async (role: string, purpose: string) =>
      (await (await team.as(role)).get(`Patient/${id}`, { 'x-purpose-of-use': purpose })).status;
    expect(await as('physician', 'TREAT')).toBe(200);
    expect(await as('physician', 'NONSENSE')).toBe(400);
    expect(await as('physician', '')).toBe(400);
    expect(await as('physician', 'HRESCH')).toBe(403);
    expect(await as('physician', 'HMARKT')).toBe(403);
    expect(await as('biller', 'TREAT')).toBe(403);
    expect(await as('biller', 'HPAYMT')).toBe(200);
  });
});

describe('tokens', () => {
  it('are asked for', async () => {
    const nobody = new FhirClient(everywhere.base, undefined);
    const { status, headers, body } = await nobody.get('Patient');
    expect([status, body.resourceType]).toEqual([401, 'OperationOutcome']);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="anamnesis"/);
    expect((await nobody.bundle({ resourceType: 'Bundle', type: 'batch' })).status).toBe(401);
    expect((await nobody.get('metadata')).status).toBe(200);
  });

  it('come by authorization code with PKCE, and are good for the record', async () => {
    const tokens = await tokensOf(server, 'physician');
    expect(tokens.token_type).toBe('Bearer');
    expect((await new FhirClient(everywhere.base, tokens.access_token).get('Patient?_count=1')).status).toBe(200);
  });

  it('do not come for a wrong verifier, twice for one code, or to another address', async () => {
    const request = authorizationRequest(server);
    const { url } = await signIn(server, request, 'nurse');
    expect(url.searchParams.get('state')).toBe('here');
    const wrong = await redeem(server, { ...request, verifier: 'x'.repeat(43) }, url);
    expect(wrong.status).toBe(400);
    const fresh = authorizationRequest(server);
    const back = (await signIn(server, fresh, 'nurse')).url;
    expect((await redeem(server, fresh, back)).status).toBe(200);
    expect((await redeem(server, fresh, back)).status).toBe(400);
    const stray = authorizationRequest(server, { redirect_uri: 'https://example.org/steal' });
    const { url: at, page } = await new Browser().follow(stray.url);
    expect([page.status, at.startsWith(server.url)]).toEqual([400, true]);
    const plain = authorizationRequest(server, { code_challenge: '' });
    const refused = await new Browser().follow(plain.url, `${server.url}/signed-in`);
    expect(new URL(refused.url).searchParams.get('error')).toBe('invalid_request');
  });

  it('are refreshed once, and a refresh token that was stolen ends the session', async () => {
    const first = await tokensOf(server, 'pharmacist');
    const refresh = (token: string) =>
      tokenRequest(server, { grant_type: 'refresh_token', client_id: 'anamnesis-web', refresh_token: token });
    const answer = await refresh(first.refresh_token);
    expect(answer.status).toBe(200);
    const second = (await answer.json()) as Tokens;
    expect((await new FhirClient(everywhere.base, second.access_token).get('Patient?_count=1')).status).toBe(200);
    expect((await refresh(first.refresh_token)).status).toBe(400);
    expect((await refresh(second.refresh_token)).status).toBe(400);
  });

  it('come to a terminal by the device flow', async () => {
    const started = await fetch(`${server.url}${REALM}/protocol/openid-connect/auth/device`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'anamnesis-cli', scope: 'openid profile offline_access' }),
    });
    expect(started.status).toBe(200);
    const device = (await started.json()) as {
      device_code: string;
      verification_uri_complete: string;
      interval?: number;
    };
    const grant = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'anamnesis-cli',
      device_code: device.device_code,
    };
    const early = await tokenRequest(server, grant);
    expect([early.status, ((await early.json()) as { error: string }).error]).toEqual([400, 'authorization_pending']);

    const browser = new Browser();
    let { url, page } = await browser.follow(device.verification_uri_complete);
    for (let step = 0; step < 4; step += 1) {
      const form = formOf(await page.text(), url);
      if (form === undefined) break;
      const person = { username: 'nurse', password: await server.password('nurse') };
      const filled = 'password' in form.fields ? { ...form.fields, ...person } : form.fields;
      ({ url, page } = await browser.follow(form.action, undefined, filled));
    }
    let answer = await tokenRequest(server, grant);
    // RFC 8628 section 3.5: not more often than the issuer says.
    const everyMs = Math.max(500, 1_000 * (device.interval ?? 0));
    for (let tries = 0; answer.status !== 200 && tries < 10; tries += 1) {
      await pause(everyMs);
      answer = await tokenRequest(server, grant);
    }
    const tokens = (await answer.json()) as Tokens;
    expect((await new FhirClient(everywhere.base, tokens.access_token).get('Patient?_count=1')).status).toBe(200);
  });

  it('do not come for a wrong password, and whoever guesses must wait', async () => {
    const attempt = async (username: string, password?: string) => {
      const request = authorizationRequest(server);
      const { url, page } = await signIn(server, request, username, password === undefined ? {} : { password });
      expect([username, url.searchParams.get('code')]).toEqual([username, null]);
      return page;
    };
    // Keycloak answers with its page again, 200, where the embedded issuer says what it is.
    const told = (status: number): number => (outside ? 200 : status);
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await attempt('lab-technician', 'wrong')).status).toBe(told(401));
    }
    const locked = await attempt('lab-technician');
    expect(locked.status).toBe(told(429));
    if (!outside) expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
    const unknown = await attempt('nobody-at-all', 'wrong');
    expect(unknown.status).toBe(told(401));
  });
});
