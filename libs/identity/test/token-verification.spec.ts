import { createHmac, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, type JWTPayload, SignJWT } from 'jose';
import { LocalTokenVerifier } from '../src/index.ts';
import { VerifiedTokens } from '../src/verified-tokens.ts';
import { mintToken } from '../src/embedded/index.ts';
import { tokensOf } from './browser.ts';
import { newDataFolder, removeDataFolder, type ServedIssuer, serveIssuer } from './served-issuer.ts';

const ISSUER = 'http://127.0.0.1:8080/realms/anamnesis';
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = 1_900_000_000_000;
let clock = now;

const claims: JWTPayload = {
  iss: ISSUER,
  aud: 'anamnesis-gateway',
  sub: 's-1',
  exp: now / 1_000 + 300,
  typ: 'Bearer',
  azp: 'anamnesis-web',
  realm_access: { roles: ['nurse', 'offline_access'] },
  facility: 'F1',
};

async function signed(change: Record<string, unknown>, key = pair.privateKey, alg = 'RS256'): Promise<string> {
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg, kid: 'k1' }).sign(key);
}

async function verifier(capacity?: number): Promise<LocalTokenVerifier> {
  const keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
  const options = { keys, issuer: () => ISSUER, audience: 'anamnesis-gateway', now: () => clock };
  return new LocalTokenVerifier(capacity === undefined ? options : { ...options, capacity });
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

describe('the verification of a token', () => {
  it('reads Keycloak’s claims and drops roles that are not of the matrix', async () => {
    const token = await signed({ preferred_username: 'nurse', sid: 'x', acr: 'aal1' });
    expect(await (await verifier()).verify(token)).toEqual({
      subject: 's-1',
      username: 'nurse',
      roles: ['nurse'],
      facilities: ['F1'],
      clientId: 'anamnesis-web',
      acr: 'aal1',
      sessionId: 'x',
      expiresAt: now + 300_000,
    });
  });

  it('takes claims of odd shapes for nothing', async () => {
    const token = await signed({ realm_access: { roles: 'nurse' }, facility: [1, 'F2', null] });
    expect(await (await verifier()).verify(token)).toMatchObject({ roles: [], facilities: ['F2'] });
  });

  const forged = async (): Promise<readonly (readonly [string, string])[]> => {
    const good = await signed({});
    const [header = '', payload = '', signature = ''] = good.split('.');
    const publicKey = await exportSPKI(pair.publicKey);
    const hmacHead = `${encoded({ alg: 'HS256', kid: 'k1' })}.${payload}`;
    return [
      ['another key', await signed({}, stranger.privateKey)],
      ['another issuer', await signed({ iss: 'http://evil.example/realms/anamnesis' })],
      ['another audience', await signed({ aud: 'anamnesis-web' })],
      ['no audience', await signed({ aud: undefined })],
      ['an expiry that has passed', await signed({ exp: now / 1_000 - 1 })],
      ['no expiry', await signed({ exp: undefined })],
      ['no subject', await signed({ sub: undefined })],
      ['a beginning to come', await signed({ nbf: now / 1_000 + 60 })],
      ['the type of an ID token', await signed({ typ: 'ID' })],
      ['no client', await signed({ azp: undefined })],
      ['another algorithm', await signed({}, pair.privateKey, 'PS256')],
      ['alg none', `${encoded({ alg: 'none' })}.${payload}.`],
      [
        'the public key as a shared secret',
        `${hmacHead}.${createHmac('sha256', publicKey).update(hmacHead).digest('base64url')}`,
      ],
      ['a changed payload', `${header}.${encoded({ ...claims, realm_access: { roles: ['operator'] } })}.${signature}`],
      ['no signature', `${header}.${payload}.`],
      ['nothing of a JWT', 'abc'],
      ['8,193 characters', 'x'.repeat(8_193)],
    ];
  };

  it('finds every forgery', async () => {
    const subject = await verifier();
    for (const [what, token] of await forged())
      expect([what, await subject.verify(token)]).toEqual([what, { invalid: true }]);
  });

  it('answers at once for a token it knows, until that expires', async () => {
    const subject = await verifier();
    const token = await signed({});
    await subject.verify(token);
    expect(subject.verify(token)).toMatchObject({ subject: 's-1' });
    clock = now + 300_000;
    try {
      expect(await subject.verify(token)).toEqual({ invalid: true });
    } finally {
      clock = now;
    }
  });
});

describe('the memory of verified tokens', () => {
  const of = (subject: string) => ({ subject, roles: [], facilities: [], clientId: 'c', expiresAt: 10 });

  it('is bounded: the one longest unused goes', () => {
    const tokens = new VerifiedTokens(2);
    tokens.add('a', of('a'));
    tokens.add('b', of('b'));
    tokens.get('a', 0);
    tokens.add('c', of('c'));
    expect([tokens.size, tokens.get('a', 0)?.subject, tokens.get('b', 0), tokens.get('c', 0)?.subject]).toEqual([
      2,
      'a',
      undefined,
      'c',
    ]);
  });

  it('forgets what has expired', () => {
    const tokens = new VerifiedTokens();
    tokens.add('a', of('a'));
    expect(tokens.get('a', 10)).toBeUndefined();
    expect(tokens.size).toBe(0);
  });
});

describe('the guard', () => {
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

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(served.url + path, { headers });

  async function minted(as: string, ttl = 60_000): Promise<string> {
    const made = await mintToken({ dataFolder: folder, as, ttl });
    if (!made.ok) throw new Error(made.reason);
    return made.token;
  }

  it('asks for a token, without an error code, when there is none', async () => {
    for (const headers of [
      {},
      { authorization: 'Basic abc' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer a b' },
    ]) {
      const answer = await get('/caller', headers as Record<string, string>);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="anamnesis"');
      expect(await answer.json()).toMatchObject({ code: 'unauthenticated' });
    }
  });

  it('says the same of every token that does not count', async () => {
    const bodies = new Set<string>();
    const { id_token: idToken } = await tokensOf(served, 'nurse');
    for (const token of ['forged.token.here', await minted('nurse', -1_000), idToken]) {
      const answer = await get('/caller', { authorization: `Bearer ${token}`, 'x-request-id': 'aaaaaaaaaaaaaaaa' });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="anamnesis", error="invalid_token"');
      bodies.add(await answer.text());
    }
    expect(bodies.size).toBe(1);
  });

  it('lets anybody see whether the service is alive', async () => {
    expect((await get('/health/live')).status).toBe(200);
  });

  it('answers 403 to the wrong role once the denial is recorded', async () => {
    const authorization = `Bearer ${await minted('nurse')}`;
    const answer = await get('/trail', { authorization, 'x-request-id': 'deadbeefdeadbeef' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'forbidden' });
    const denial = served.denials.find(({ correlation }) => correlation === 'deadbeefdeadbeef');
    expect(denial).toMatchObject({ action: 'audit.trail', reason: 'role', route: '/trail', from: '127.0.0.1' });
    expect(denial?.caller).toMatchObject({ username: 'nurse', role: 'nurse' });
    expect((await get('/trail', { authorization: `Bearer ${await minted('compliance-officer-2')}` })).status).toBe(200);
  });

  it('denies a purpose that the role does not serve', async () => {
    const headers = { authorization: `Bearer ${await minted('compliance-officer')}`, 'x-purpose-of-use': 'TREAT' };
    expect((await get('/trail', headers)).status).toBe(403);
    expect(served.denials.at(-1)?.reason).toBe('purpose');
    expect((await get('/trail', { ...headers, 'x-purpose-of-use': 'nonsense' })).status).toBe(400);
  });

  it('lets every role reach the FHIR endpoint, which decides by type', async () => {
    const answer = await get('/fhir/Patient', { authorization: `Bearer ${await minted('operator')}` });
    expect(await answer.json()).toEqual({ role: 'operator' });
  });

  it('refuses a token of another folder’s issuer', async () => {
    const other = await newDataFolder();
    const elsewhere = await serveIssuer(other);
    try {
      const made = await mintToken({ dataFolder: other, as: 'nurse', ttl: 60_000, issuer: served.realm });
      expect((await get('/caller', { authorization: `Bearer ${made.ok ? made.token : ''}` })).status).toBe(401);
    } finally {
      await elsewhere.stop();
      await removeDataFolder(other);
    }
  });
});

describe('a minted token', () => {
  it('cannot be had of a folder that was never served, or for no role', async () => {
    const folder = await newDataFolder();
    try {
      expect(await mintToken({ dataFolder: folder, as: 'nurse', ttl: 1_000 })).toEqual({
        ok: false,
        reason: 'no-keys',
      });
      await (await serveIssuer(folder, { demoUsers: false })).stop();
      expect(await mintToken({ dataFolder: folder, as: 'janitor', ttl: 1_000 })).toEqual({
        ok: false,
        reason: 'unknown-role',
      });
      const made = await mintToken({ dataFolder: folder, as: 'nurse', ttl: 60_000 });
      expect(made).toMatchObject({ ok: true, expiresAt: expect.any(Number) });
    } finally {
      await removeDataFolder(folder);
    }
  });
});
