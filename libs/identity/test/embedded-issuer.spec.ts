import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import {
  authorizationRequest,
  Browser,
  redeem,
  refresh,
  signIn,
  tokenRequest,
  type Tokens,
  tokensOf,
} from './browser.ts';
import { newDataFolder, removeDataFolder, type ServedIssuer, serveIssuer } from './served-issuer.ts';

let folder: string;
let served: ServedIssuer;

beforeAll(async () => {
  folder = await newDataFolder();
  served = await serveIssuer(folder);
});

afterAll(async () => {
  await served.stop();
  await removeDataFolder(folder);
});

async function callerBy(token: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${served.url}/caller`, { headers: { authorization: `Bearer ${token}`, ...headers } });
}

describe('discovery', () => {
  it('describes Keycloak’s paths under the realm, whatever Host the client claims', async () => {
    const answer = await fetch(`${served.realm}/.well-known/openid-configuration`, {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    });
    const base = `${served.realm}/protocol/openid-connect`;
    expect(await answer.json()).toMatchObject({
      issuer: served.realm,
      authorization_endpoint: `${base}/auth`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/certs`,
      device_authorization_endpoint: `${base}/auth/device`,
      code_challenge_methods_supported: ['S256'],
    });
  });

  it('publishes no private part of a key', async () => {
    const { keys } = (await (await fetch(`${served.realm}/protocol/openid-connect/certs`)).json()) as {
      keys: object[];
    };
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]!)).toEqual(expect.arrayContaining(['kid', 'n', 'e']));
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(keys[0]).not.toHaveProperty(secret);
  });
});

describe('authorization code with PKCE', () => {
  it('gives a nurse an access token of Keycloak’s shape that the guard takes', async () => {
    const tokens = await tokensOf(served, 'nurse');
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      iss: served.realm,
      aud: 'anamnesis-gateway',
      typ: 'Bearer',
      azp: 'anamnesis-web',
      preferred_username: 'nurse',
      realm_access: { roles: ['nurse'] },
      facility: ['F1', 'F2'],
      acr: 'aal1',
    });
    const { exp = 0, iat = 0, sid } = decodeJwt(tokens.access_token);
    expect(exp - iat).toBe(300);
    expect(typeof sid).toBe('string');
    expect(decodeJwt(tokens.id_token)).toMatchObject({ aud: 'anamnesis-web', preferred_username: 'nurse' });
    const answer = await callerBy(tokens.access_token);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      username: 'nurse',
      role: 'nurse',
      purpose: 'TREAT',
      facility: 'F1',
      facilities: ['F1', 'F2'],
    });
  });

  it('is refused without a challenge', async () => {
    const query = new URLSearchParams({
      client_id: 'anamnesis-web',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${served.url}/signed-in`,
    });
    const { url } = await new Browser().follow(
      `${served.realm}/protocol/openid-connect/auth?${query}`,
      `${served.url}/signed-in`,
    );
    expect(new URL(url).searchParams.get('error')).toBe('invalid_request');
  });

  it('is refused with another verifier, and the code is good for one use', async () => {
    const request = authorizationRequest(served);
    const back = await signIn(new Browser(), served, request, 'physician');
    expect(back.searchParams.get('state')).toBe('here');
    const wrong = await redeem(served, { ...request, verifier: 'x'.repeat(43) }, back);
    expect(wrong.status).toBe(400);
    const second = authorizationRequest(served);
    const again = await signIn(new Browser(), served, second, 'physician');
    expect((await redeem(served, second, again)).status).toBe(200);
    expect((await redeem(served, second, again)).status).toBe(400);
  });

  it('shows an error page, and no redirect, for an address nobody registered', async () => {
    const { url } = authorizationRequest(served, { redirect_uri: 'http://evil.example/' });
    const answer = await new Browser().go(url);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.text()).not.toContain('evil.example');
  });

  it('asks no password of a browser that is signed in', async () => {
    const browser = new Browser();
    await tokensOf(served, 'biller', browser);
    const request = authorizationRequest(served, { prompt: 'none' });
    const { url } = await browser.follow(request.url, `${served.url}/signed-in`);
    expect((await redeem(served, request, new URL(url))).status).toBe(200);
  });

  it('asks for consent where a client wants that, and takes a no', async () => {
    const browser = new Browser();
    const request = authorizationRequest(served, { prompt: 'consent' });
    const asked = await browser.follow(request.url);
    const consent = await browser.follow(asked.url, '\0', {
      username: 'nurse',
      password: await served.password('nurse'),
    });
    expect(await consent.page.text()).toContain('asks to act in your name');
    const allowed = await browser.follow(consent.url, `${served.url}/signed-in`, {});
    expect((await redeem(served, request, new URL(allowed.url))).status).toBe(200);
    const again = await browser.follow(authorizationRequest(served, { prompt: 'consent' }).url);
    const refused = await browser.follow(again.url, `${served.url}/signed-in`, { cancel: 'yes' });
    expect(new URL(refused.url).searchParams.get('error')).toBe('access_denied');
  });
});

describe('the sign-in page', () => {
  it('loads nothing from elsewhere, runs no script and cannot be framed', async () => {
    const { page } = await new Browser().follow(authorizationRequest(served).url);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    // Browsers check form-action against where the form's answer redirects to as well.
    expect(policy).toContain(`form-action 'self' ${served.url}`);
    const html = await page.text();
    expect(html).toContain('<label for="username">');
    expect(html).not.toMatch(/<script|https?:\/\//);
  });

  it('that nobody asked for answers an error', async () => {
    const answer = await fetch(`${served.realm}/login/nothing`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('expired');
  });

  it('refuses a form over its limit', async () => {
    const browser = new Browser();
    const { url } = await browser.follow(authorizationRequest(served).url);
    expect((await browser.go(url, { username: 'nurse', password: 'x'.repeat(9_000) })).status).toBe(413);
  });
});

describe('refresh tokens', () => {
  it('are good for one use; a second use ends the whole grant', async () => {
    const first = await tokensOf(served, 'pharmacist');
    const second = (await (await refresh(served, first.refresh_token)).json()) as Tokens;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(decodeJwt(second.access_token)).toMatchObject({ realm_access: { roles: ['pharmacist'] }, acr: 'aal1' });
    const stolen = await refresh(served, first.refresh_token);
    expect(stolen.status).toBe(400);
    expect(await stolen.json()).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(served, second.refresh_token)).status).toBe(400);
  });

  it('can be revoked', async () => {
    const { refresh_token: token } = await tokensOf(served, 'biller');
    const body = new URLSearchParams({ client_id: 'anamnesis-web', token });
    expect((await fetch(`${served.realm}/protocol/openid-connect/revoke`, { method: 'POST', body })).status).toBe(200);
    expect((await refresh(served, token)).status).toBe(400);
  });
});

describe('client credentials', () => {
  const basic = (secret: string): Record<string, string> => ({
    authorization: `Basic ${btoa(`anamnesis-import:${secret}`)}`,
  });
  const secretOf = async (): Promise<string> => {
    const secrets = JSON.parse(await readFile(join(folder, 'identity', 'client-secrets.json'), 'utf8')) as {
      import: string;
    };
    return secrets.import;
  };

  it('make the import client an integration', async () => {
    const answer = await tokenRequest(served, { grant_type: 'client_credentials' }, basic(await secretOf()));
    expect(answer.status).toBe(200);
    const { access_token: token } = (await answer.json()) as Tokens;
    expect(await (await callerBy(token)).json()).toMatchObject({
      role: 'integration',
      clientId: 'anamnesis-import',
      purpose: 'HOPERAT',
    });
  });

  it('need the secret', async () => {
    expect((await tokenRequest(served, { grant_type: 'client_credentials' }, basic('wrong'))).status).toBe(401);
  });

  it('are for no public client', async () => {
    const answer = await tokenRequest(served, { grant_type: 'client_credentials', client_id: 'anamnesis-web' });
    expect(answer.status).toBe(400);
  });
});

describe('the device flow', () => {
  const start = async (): Promise<Record<string, string>> => {
    const body = new URLSearchParams({ client_id: 'anamnesis-cli', scope: 'openid profile' });
    const answer = await fetch(`${served.realm}/protocol/openid-connect/auth/device`, { method: 'POST', body });
    return (await answer.json()) as Record<string, string>;
  };
  const poll = (code: string): Promise<Response> =>
    tokenRequest(served, {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'anamnesis-cli',
      device_code: code,
    });
  const hidden = (html: string, name: string): string =>
    new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';

  async function confirm(code: string, answer: Record<string, string>): Promise<Response> {
    const browser = new Browser();
    const page = `${served.realm}/device`;
    const asked = await (await browser.go(page)).text();
    const confirming = await (await browser.go(page, { xsrf: hidden(asked, 'xsrf'), user_code: code })).text();
    expect(confirming).toContain(code);
    const form = { xsrf: hidden(confirming, 'xsrf'), user_code: hidden(confirming, 'user_code'), ...answer };
    const signingIn = await browser.follow(page, '\0', form);
    if (!signingIn.url.includes('/login/')) return signingIn.page;
    const credentials = { username: 'operator', password: await served.password('operator') };
    return (await browser.follow(signingIn.url, '\0', credentials)).page;
  }

  it('signs a terminal in once its code was confirmed in a browser', async () => {
    const started = await start();
    expect(started['verification_uri']).toBe(`${served.realm}/device`);
    expect(await (await poll(started['device_code']!)).json()).toMatchObject({ error: 'authorization_pending' });
    const done = await confirm(started['user_code']!, { confirm: 'yes' });
    expect(await done.text()).toContain('Go back to the terminal');
    const tokens = (await (await poll(started['device_code']!)).json()) as Tokens;
    expect(await (await callerBy(tokens.access_token)).json()).toMatchObject({
      username: 'operator',
      clientId: 'anamnesis-cli',
    });
    expect((await refresh(served, tokens.refresh_token, 'anamnesis-cli')).status).toBe(200);
    expect((await poll(started['device_code']!)).status).toBe(400);
  });

  it('ends when the person cancels', async () => {
    const started = await start();
    await confirm(started['user_code']!, { confirm: 'yes', abort: 'yes' });
    expect(await (await poll(started['device_code']!)).json()).toMatchObject({ error: 'access_denied' });
  });

  it('says so when a code is wrong', async () => {
    const browser = new Browser();
    const asked = await (await browser.go(`${served.realm}/device`)).text();
    const answer = await browser.go(`${served.realm}/device`, { xsrf: hidden(asked, 'xsrf'), user_code: 'WRNG-CODE' });
    expect(await answer.text()).toContain('role="alert"');
  });
});

describe('passwords', () => {
  it('that are wrong are told from unknown users nowhere but in the audit', async () => {
    const attempts = [];
    for (const username of ['registrar', 'nobody-of-that-name']) {
      const browser = new Browser();
      const { url } = await browser.follow(authorizationRequest(served).url);
      const answer = await browser.go(url, { username, password: 'wrong' });
      attempts.push([answer.status, (await answer.text()).replace(/login\/[^"]+/g, '')]);
    }
    expect(attempts[0]).toEqual(attempts[1]);
    expect(served.failures.slice(-2)).toEqual([
      expect.objectContaining({
        username: 'registrar',
        reason: 'wrong-password',
        clientId: 'anamnesis-web',
        from: '127.0.0.1',
      }),
      { reason: 'unknown-user', clientId: 'anamnesis-web', from: '127.0.0.1' },
    ]);
  });

  it('guessed five times make the sixth wait, right or wrong, until the time is over', async () => {
    const browser = new Browser();
    const { url } = await browser.follow(authorizationRequest(served).url);
    for (let guess = 0; guess < 5; guess += 1) {
      expect((await browser.go(url, { username: 'lab-technician', password: `guess ${guess}` })).status).toBe(401);
    }
    const right = { username: 'lab-technician', password: await served.password('lab-technician') };
    const locked = await browser.go(url, right);
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(served.failures.at(-1)).toMatchObject({ username: 'lab-technician', reason: 'locked' });
    served.clock.ahead = 61_000;
    try {
      expect((await browser.go(url, right)).status).toBe(303);
      expect(served.signIns.at(-1)).toMatchObject({
        username: 'lab-technician',
        clientId: 'anamnesis-web',
        from: '127.0.0.1',
      });
    } finally {
      served.clock.ahead = 0;
    }
  });
});

describe('the folder', () => {
  it('holds its secrets for the owner alone', async () => {
    const path = join(folder, 'identity');
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    const names = await readdir(path);
    expect(names).toEqual(
      expect.arrayContaining(['signing-keys.json', 'demo-users.json', 'issuer.sqlite', 'issuer.sqlite-wal']),
    );
    for (const name of names) expect([name, (await stat(join(path, name))).mode & 0o777]).toEqual([name, 0o600]);
  });

  it('keeps keys, sessions and used refresh tokens over a restart', async () => {
    const browser = new Browser();
    const tokens = await tokensOf(served, 'registrar', browser);
    const used = (await (await refresh(served, tokens.refresh_token)).json()) as Tokens;
    const { port } = served.service;
    await served.stop();
    served = await serveIssuer(folder, { port });
    expect((await callerBy(tokens.access_token)).status).toBe(200);
    const request = authorizationRequest(served, { prompt: 'none' });
    const { url } = await browser.follow(request.url, `${served.url}/signed-in`);
    expect((await redeem(served, request, new URL(url))).status).toBe(200);
    expect((await refresh(served, used.refresh_token)).status).toBe(200);
    expect((await refresh(served, used.refresh_token)).status).toBe(400);
  });

  it('with a secret that others can read, or a damaged one, is refused by the file’s name', async () => {
    const other = await newDataFolder();
    try {
      await (await serveIssuer(other)).stop();
      const keys = join(other, 'identity', 'signing-keys.json');
      await chmod(keys, 0o644);
      await expect(serveIssuer(other)).rejects.toMatchObject({
        code: 'identity-unavailable',
        message: expect.stringContaining('0600'),
      });
      await chmod(keys, 0o600);
      await writeFile(keys, '{"keys":[]}');
      await expect(serveIssuer(other)).rejects.toThrow('identity/signing-keys.json is damaged');
    } finally {
      await removeDataFolder(other);
    }
  });

  it('lets its demo users in only where they are on', async () => {
    const password = await served.password('nurse');
    const { port } = served.service;
    await served.stop();
    served = await serveIssuer(folder, { port, demoUsers: false });
    const browser = new Browser();
    const { url } = await browser.follow(authorizationRequest(served).url);
    expect((await browser.go(url, { username: 'nurse', password })).status).toBe(401);
    expect(served.issuer.demoUsersFile).toBeUndefined();
  });
});
