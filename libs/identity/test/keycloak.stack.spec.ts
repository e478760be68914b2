import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type SignIn, type SignInFailure, passCaller } from '../src/index.ts';
import {
  KeycloakSignInEvents,
  KeycloakTokenVerifier,
  type RealmDocument,
  realmWith,
  ServiceTokens,
  SIGN_INS_CLIENT,
  type SignInProgress,
} from '../src/keycloak/index.ts';
import {
  authorizationRequest,
  Browser,
  formOf,
  redeem,
  refresh,
  signIn,
  tokenRequest,
  type Tokens,
  tokensOf,
} from './browser.ts';
import { OTP_SECRET, type RealKeycloak, secretOf, serveRealKeycloak, SESSIONS } from './real-keycloak.ts';

/** Milliseconds; what was revoked counts for twice that at most. */
const INTERVAL = 500;

let served: RealKeycloak;

// Keycloak hashes passwords slowly by design, and may share its processors with everybody else's tests.
jest.setTimeout(120_000);

beforeAll(async () => {
  served = await serveRealKeycloak(INTERVAL);
});

afterAll(() => served.stop());

const callerBy = (token: string): Promise<Response> =>
  fetch(`${served.url}/caller`, { headers: { authorization: `Bearer ${token}` } });

async function refusedInTime(token: string): Promise<boolean> {
  const deadline = Date.now() + 20 * INTERVAL;
  while (Date.now() < deadline) {
    if ((await callerBy(token)).status === 401) return true;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL / 5));
  }
  return false;
}

async function userId(username: string): Promise<string> {
  const { body } = await served.admin.ask(`/realms/${served.name}/users?exact=true&username=${username}`);
  return (body as { id: string }[])[0]!.id;
}

describe('the realm', () => {
  it('describes itself under the record’s own address', async () => {
    const answer = await fetch(`${served.realm}/.well-known/openid-configuration`);
    const base = `${served.realm}/protocol/openid-connect`;
    expect(await answer.json()).toMatchObject({
      issuer: served.realm,
      authorization_endpoint: `${base}/auth`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/certs`,
    });
  });

  it('is made once; a second import leaves it as it is', async () => {
    expect(await served.admin.hasRealm(served.name)).toBe(true);
    expect(await served.admin.importRealm(realmWith({ realm: served.name, hostname: 'http://other.test' }))).toBe(
      false,
    );
    expect((await (await fetch(`${served.realm}/.well-known/openid-configuration`)).json()) as object).toMatchObject({
      issuer: served.realm,
    });
  });

  it('of the repository’s file is taken as it is', async () => {
    const path = new URL('../../../deploy/keycloak/anamnesis-realm.json', import.meta.url);
    // As Keycloak does when it imports the file at its start.
    const text = (await readFile(path, 'utf8')).replaceAll('${ANAMNESIS_PUBLIC_URL}', 'https://record.example');
    const file = JSON.parse(text) as RealmDocument;
    const name = `${served.name}-file`;
    try {
      await served.admin.replaceRealm({ ...file, realm: name });
      const { body } = await served.admin.ask(`/realms/${name}/users`);
      expect(body).toEqual([]);
      const { body: made } = await served.admin.ask(`/realms/${name}`);
      expect(made).toMatchObject({ bruteForceProtected: true, revokeRefreshToken: true, eventsEnabled: true });
    } finally {
      await served.admin.removeRealm(name);
    }
  });

  it('lets no client in that was given no secret', async () => {
    for (const secret of ['', '**********', 'null', '${ANAMNESIS_PUBLIC_URL}']) {
      const form = { grant_type: 'client_credentials', client_id: 'anamnesis-import', client_secret: secret };
      expect([secret, (await tokenRequest(served, form)).status]).toEqual([secret, 401]);
    }
  });

  it('takes the secrets that an installation chooses later', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'anamnesis-import', client_secret: 'chosen later' };
    await served.admin.setClientSecrets(served.name, { 'anamnesis-import': 'chosen later' });
    const { access_token: token } = (await (await tokenRequest(served, form)).json()) as Tokens;
    const caller = { role: 'integration', facilities: ['F1', 'F2', 'F3'], clientId: 'anamnesis-import' };
    expect(await (await callerBy(token)).json()).toMatchObject(caller);
    await expect(served.admin.setClientSecrets(served.name, { nobody: 'x' })).rejects.toThrow('no such client');
  });

  it('lets nobody register clients, and no user in by password grant', async () => {
    const registration = await fetch(`${served.realm}/clients-registrations/openid-connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['http://evil.test/'] }),
    });
    expect(registration.status).toBe(403);
    const direct = { grant_type: 'password', username: 'nurse', password: await served.password('nurse') };
    for (const client of ['anamnesis-web', 'anamnesis-cli']) {
      expect((await tokenRequest(served, { ...direct, client_id: client })).status).toBe(400);
    }
  });

  it('tells whoever assigns a role what it may', async () => {
    const { body } = await served.admin.ask(`/realms/${served.name}/roles/nurse`);
    expect(body).toMatchObject({ attributes: { purposes: expect.arrayContaining(['TREAT']) } });
    expect(JSON.stringify(body)).toContain('emergency-access.grant');
  });
});

describe('authorization code with PKCE', () => {
  it('gives a nurse an access token of the embedded issuer’s shape that the guard takes', async () => {
    const tokens = await tokensOf(served, 'nurse');
    const { exp = 0, iat = 0, sid, sub, jti, ...claims } = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      iss: served.realm,
      aud: 'anamnesis-gateway',
      typ: 'Bearer',
      azp: 'anamnesis-web',
      preferred_username: 'nurse',
      realm_access: { roles: ['nurse'] },
      facility: ['F1', 'F2'],
      acr: 'aal1',
    });
    expect(exp - iat).toBe(900);
    expect([typeof sid, typeof sub, typeof jti]).toEqual(['string', 'string', 'string']);
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['email']));
    expect(decodeJwt(tokens.id_token)).toMatchObject({ aud: 'anamnesis-web', preferred_username: 'nurse' });
    const answer = await callerBy(tokens.access_token);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ username: 'nurse', role: 'nurse', facilities: ['F1', 'F2'] });
    expect((await callerBy(tokens.id_token)).status).toBe(401);
    expect((await callerBy(tokens.refresh_token)).status).toBe(401);
  });

  it('is refused without a challenge, with another verifier, and to an address nobody registered', async () => {
    const bare = authorizationRequest(served, { code_challenge: '', code_challenge_method: '' });
    const { url } = await new Browser().follow(bare.url, `${served.url}/signed-in`);
    expect(new URL(url).searchParams.get('error')).toBe('invalid_request');
    const request = authorizationRequest(served);
    const back = await signIn(new Browser(), served, request, 'nurse');
    expect(back.searchParams.get('state')).toBe('here');
    expect((await redeem(served, { ...request, verifier: 'x'.repeat(43) }, back)).status).toBe(400);
    const stray = await new Browser().go(authorizationRequest(served, { redirect_uri: 'http://evil.test/' }).url);
    expect([stray.status, stray.headers.get('location')]).toEqual([400, null]);
  });

  it('shows pages whose files come through the front door, and nothing else of Keycloak does', async () => {
    const { page } = await new Browser().follow(authorizationRequest(served).url);
    const files = [...(await page.text()).matchAll(/(?:href|src)="([^"]*\/resources\/[^"]+)"/g)].map(
      ([, path]) => path!,
    );
    expect(files.length).toBeGreaterThan(0);
    expect((await fetch(new URL(files[0]!, served.url))).status).toBe(200);
    for (const path of ['/admin/master/console/', '/realms/master', '/realms/master/protocol/openid-connect/certs']) {
      expect([path, (await fetch(served.url + path)).status]).toEqual([path, 404]);
    }
  });
});

describe('refresh tokens', () => {
  it('are good for one use; a second use ends the session', async () => {
    const first = await tokensOf(served, 'registrar');
    const answer = await refresh(served, first.refresh_token);
    expect(answer.status).toBe(200);
    const second = (await answer.json()) as Tokens;
    expect((await callerBy(second.access_token)).status).toBe(200);
    expect((await refresh(served, first.refresh_token)).status).toBe(400);
    expect((await refresh(served, second.refresh_token)).status).toBe(400);
  });
});

describe('the device flow', () => {
  it('signs a terminal in once a person agreed in a browser', async () => {
    const body = new URLSearchParams({ client_id: 'anamnesis-cli', scope: 'openid profile offline_access' });
    const started = await fetch(`${served.realm}/protocol/openid-connect/auth/device`, { method: 'POST', body });
    const device = (await started.json()) as { device_code: string; verification_uri_complete: string };
    const grant = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'anamnesis-cli',
      device_code: device.device_code,
    };
    expect(await (await tokenRequest(served, grant)).json()).toMatchObject({ error: 'authorization_pending' });
    const browser = new Browser();
    let { url, page } = await browser.follow(device.verification_uri_complete);
    for (let step = 0; step < 4; step += 1) {
      const form = formOf(await page.text(), url);
      if (form === undefined) break;
      const credentials = { username: 'operator', password: await served.password('operator') };
      const fields = 'password' in form.fields ? { ...form.fields, ...credentials } : form.fields;
      ({ url, page } = await browser.follow(form.action, undefined, fields));
    }
    await new Promise((resolve) => setTimeout(resolve, 5_000)); // the polling interval that Keycloak asks for
    const answer = await tokenRequest(served, grant);
    expect(answer.status).toBe(200);
    const tokens = (await answer.json()) as Tokens;
    expect(await (await callerBy(tokens.access_token)).json()).toMatchObject({
      username: 'operator',
      clientId: 'anamnesis-cli',
      acr: 'aal1',
    });
    expect((await refresh(served, tokens.refresh_token, 'anamnesis-cli')).status).toBe(200);
  });
});

describe('the accounts of services', () => {
  it('make internal calls, and nothing a person may do', async () => {
    const tokens = new ServiceTokens({
      ...{ keycloakUrl: served.keycloakUrl, realm: served.name },
      ...{ clientId: 'anamnesis-orders', clientSecret: secretOf('anamnesis-orders') },
    });
    const authorization = `Bearer ${await tokens.token()}`;
    const answer = await fetch(`${served.url}/decide`, { headers: { authorization } });
    expect(await answer.json()).toEqual({ service: 'orders' });
    expect((await fetch(`${served.url}/caller`, { headers: { authorization } })).status).toBe(403);
    served.line.cut();
    expect(`Bearer ${await tokens.token()}`).toBe(authorization);
    served.line.mend();
    tokens.close();
  });

  it('are no person’s, even one who was given the role', async () => {
    const { body: role } = await served.admin.ask(`/realms/${served.name}/roles/service`);
    const mappings = `/realms/${served.name}/users/${await userId('biller')}/role-mappings/realm`;
    expect((await served.admin.ask(mappings, { json: [role] })).status).toBe(204);
    const { access_token: token } = await tokensOf(served, 'biller');
    expect(decodeJwt(token)['realm_access']).toEqual({ roles: ['biller'] });
    const headers = { authorization: `Bearer ${token}`, 'x-anamnesis-caller': passCaller({} as never) };
    expect((await fetch(`${served.url}/decide`, { headers })).status).toBe(403);
  });

  it('give no token for a wrong secret', async () => {
    const clientId = 'anamnesis-orders';
    const tokens = new ServiceTokens({ ...served, realm: served.name, clientId, clientSecret: 'wrong' });
    await expect(Promise.resolve(tokens.token())).rejects.toMatchObject({
      code: 'identity-unavailable',
      retryable: false,
    });
    tokens.close();
  });
});

describe('breaking the glass', () => {
  it('asks for a one-time code, and shows in acr', async () => {
    const browser = new Browser();
    const plain = authorizationRequest(served);
    const first = await redeem(served, plain, await signIn(browser, served, plain, 'physician'));
    expect(decodeJwt(((await first.json()) as Tokens).access_token)['acr']).toBe('aal1');
    const stronger = authorizationRequest(served, { acr_values: 'aal2' });
    const asked = await browser.follow(stronger.url, `${served.url}/signed-in`);
    const form = formOf(await asked.page.text(), asked.url);
    expect(Object.keys(form?.fields ?? {})).toContain('otp');
    const wrong = await browser.follow(form!.action, `${served.url}/signed-in`, { ...form!.fields, otp: '000000' });
    const again = formOf(await wrong.page.text(), wrong.url);
    // Keycloak lets nobody try again while it still counts the failure.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const fields = { ...again!.fields, otp: oneTimeCode(OTP_SECRET) };
    const back = await browser.follow(again!.action, `${served.url}/signed-in`, fields);
    const tokens = (await (await redeem(served, stronger, new URL(back.url))).json()) as Tokens;
    expect(decodeJwt(tokens.access_token)['acr']).toBe('aal2');
    expect(await (await callerBy(tokens.access_token)).json()).toMatchObject({ username: 'physician', acr: 'aal2' });
  });
});

describe('guessing', () => {
  it('locks a name after five failures, the right password included, and the audit is told of each', async () => {
    const attempt = async (password: string): Promise<URL> => {
      const place = { ...served, password: async () => password };
      return signIn(new Browser(), place, authorizationRequest(served), 'lab-technician');
    };
    for (let guess = 0; guess < 5; guess += 1) {
      expect((await attempt(`guess-number-${guess}`)).searchParams.has('code')).toBe(false);
    }
    const right = await attempt(await served.password('lab-technician'));
    expect(right.searchParams.has('code')).toBe(false);
    const { failures } = await eventsSoFar();
    const reasons = failures.filter(({ username }) => username === 'lab-technician').map(({ reason }) => reason);
    expect(reasons).toEqual([...Array<string>(5).fill('wrong-password'), 'locked']);
  });
});

describe('the audit', () => {
  it('is told who signed in and who failed, once each, also after it was away', async () => {
    await signIn(new Browser(), { ...served, password: async () => 'wrong' }, authorizationRequest(served), 'nobody');
    await tokensOf(served, 'pharmacist');
    const { signIns, failures, progress } = await eventsSoFar();
    expect(signIns.at(-1)).toMatchObject({
      username: 'pharmacist',
      subject: await userId('pharmacist'),
      clientId: 'anamnesis-web',
      from: '127.0.0.1',
      id: expect.any(String),
      at: expect.any(Number),
    });
    const unknown = failures.find(({ reason }) => reason === 'unknown-user');
    expect(unknown).toMatchObject({ clientId: 'anamnesis-web', from: '127.0.0.1' });
    expect(unknown).not.toHaveProperty('username');
    const ids = [...signIns, ...failures].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    await tokensOf(served, 'pharmacist');
    const later = await eventsSoFar(progress);
    expect([later.signIns.length, later.failures.length]).toEqual([1, 0]);
  });

  async function eventsSoFar(from?: SignInProgress) {
    return readEvents(from);
  }
});

async function eventsSoFar() {
  return readEvents();
}

async function readEvents(from?: SignInProgress) {
  const signIns: SignIn[] = [];
  const failures: SignInFailure[] = [];
  let progress = from;
  const tokens = new ServiceTokens({
    ...{ keycloakUrl: served.keycloakUrl, realm: served.name },
    ...{ clientId: SIGN_INS_CLIENT, clientSecret: secretOf(SIGN_INS_CLIENT) },
  });
  const reader = new KeycloakSignInEvents({
    ...{ keycloakUrl: served.keycloakUrl, realm: served.name, tokens },
    events: {
      signedIn: async (event) => void signIns.push(event),
      signInFailed: async (event) => void failures.push(event),
    },
    progress: { read: async () => progress, write: async (next) => void (progress = next) },
  });
  await reader.look();
  expect(await reader.look()).toBe(0);
  await reader.close();
  tokens.close();
  return { signIns, failures, progress };
}

describe('a session that ended', () => {
  it('by signing out, is refused soon', async () => {
    const browser = new Browser();
    const tokens = await tokensOf(served, 'registrar', browser);
    expect((await callerBy(tokens.access_token)).status).toBe(200);
    const body = new URLSearchParams({ client_id: 'anamnesis-web', refresh_token: tokens.refresh_token });
    const out = await fetch(`${served.realm}/protocol/openid-connect/logout`, { method: 'POST', body });
    expect(out.status).toBe(204);
    expect(await refusedInTime(tokens.access_token)).toBe(true);
  });

  it('because its person was disabled, is refused soon; others go on', async () => {
    const [tokens, other] = [await tokensOf(served, 'pharmacist'), await tokensOf(served, 'nurse')];
    expect((await callerBy(tokens.access_token)).status).toBe(200);
    const id = await userId('pharmacist');
    const { body: user } = await served.admin.ask(`/realms/${served.name}/users/${id}`);
    await served.admin.ask(`/realms/${served.name}/users/${id}`, {
      method: 'PUT',
      json: { ...(user as object), enabled: false },
    });
    expect(await refusedInTime(tokens.access_token)).toBe(true);
    expect((await callerBy(other.access_token)).status).toBe(200);
  });
});

describe('a person with a session too many', () => {
  it('has lost the oldest', async () => {
    const sessions = [await tokensOf(served, 'operator')];
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // Keycloak knows their age in seconds
    for (let count = 1; count <= SESSIONS; count += 1) sessions.push(await tokensOf(served, 'operator'));
    expect((await refresh(served, sessions[0]!.refresh_token)).status).toBe(400);
    expect((await refresh(served, sessions[SESSIONS]!.refresh_token)).status).toBe(200);
    expect(await refusedInTime(sessions[0]!.access_token)).toBe(true);
  });
});

describe('while Keycloak is away', () => {
  it('who is signed in goes on; who signs in is told to come back', async () => {
    const tokens = await tokensOf(served, 'nurse');
    expect((await callerBy(tokens.access_token)).status).toBe(200);
    served.line.cut();
    try {
      await new Promise((resolve) => setTimeout(resolve, 3 * INTERVAL));
      for (let times = 0; times < 3; times += 1) expect((await callerBy(tokens.access_token)).status).toBe(200);
      const page = await fetch(authorizationRequest(served).url, { redirect: 'manual' });
      expect([page.status, page.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
      expect(await page.json()).toMatchObject({ code: 'identity-unavailable' });
      const other = new KeycloakTokenVerifier({
        ...{ keycloakUrl: served.keycloakUrl, realm: served.name, issuer: () => served.realm },
      });
      await expect(Promise.resolve(other.verify(tokens.access_token))).rejects.toMatchObject({ retryable: true });
    } finally {
      served.line.mend();
    }
    expect((await fetch(`${served.realm}/.well-known/openid-configuration`)).status).toBe(200);
  });
});

describe('a new signing key', () => {
  const components = (): string => `/realms/${served.name}/components`;

  it('counts at once, and one that was deleted soon no more', async () => {
    const old = await tokensOf(served, 'nurse');
    expect((await callerBy(old.access_token)).status).toBe(200);
    const { body: realm } = await served.admin.ask(`/realms/${served.name}`);
    const parentId = (realm as { id: string }).id;
    const provider = {
      name: 'newer',
      providerId: 'rsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId,
    };
    const made = await served.admin.ask(components(), {
      json: { ...provider, config: { priority: ['500'], algorithm: ['RS256'], keySize: ['2048'] } },
    });
    expect(made.status).toBe(201);
    const fresh = await tokensOf(served, 'nurse');
    const kids = [old, fresh].map(({ access_token: token }) => decodeProtectedHeader(token).kid);
    expect(kids[0]).not.toBe(kids[1]);
    expect((await callerBy(fresh.access_token)).status).toBe(200);
    expect((await callerBy(old.access_token)).status).toBe(200);

    const { body } = await served.admin.ask(`${components()}?type=org.keycloak.keys.KeyProvider`);
    const before = (body as { id: string; name: string; providerId: string }[]).filter(
      ({ name, providerId }) => name !== 'newer' && providerId === 'rsa-generated',
    );
    expect(before).toHaveLength(1);
    await served.admin.ask(`${components()}/${before[0]!.id}`, { method: 'DELETE' });
    expect(await refusedInTime(old.access_token)).toBe(true);
    expect((await callerBy(fresh.access_token)).status).toBe(200);
  });
});

/** RFC 6238, six digits, half a minute, HMAC-SHA-1. */
function oneTimeCode(secret: string): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac.at(-1)! & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
