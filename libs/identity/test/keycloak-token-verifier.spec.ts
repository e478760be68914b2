import { createHmac, randomBytes } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportSPKI, importJWK, SignJWT } from 'jose';
import fc from 'fast-check';
import { Fault } from '@anamnesis/kernel';
import { problemOf } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import { PermissionGuard } from '../src/index.ts';
import { KeycloakTokenVerifier, type KeycloakTokenVerifierOptions } from '../src/keycloak/keycloak-token-verifier.ts';
import { KeycloakEndpoint, type SigningKey, signingKey } from './keycloak-endpoint.ts';

const INVALID = { invalid: true };
const start = Date.now();

let k1: SigningKey;
let k2: SigningKey;
let stranger: SigningKey;
let keycloak: KeycloakEndpoint;
let verifier: KeycloakTokenVerifier;
let clock: number;

beforeAll(async () => {
  [k1, k2, stranger] = await Promise.all([signingKey('k1'), signingKey('k2'), signingKey('k1')]);
});

beforeEach(async () => {
  clock = start;
  keycloak = new KeycloakEndpoint();
  keycloak.keys = [k1];
  await keycloak.start();
  verifier = verifierWith({});
});

afterEach(async () => {
  verifier.close();
  await keycloak.stop();
});

function verifierWith(more: Partial<KeycloakTokenVerifierOptions>): KeycloakTokenVerifier {
  const issuer = (): string => keycloak.issuer;
  return new KeycloakTokenVerifier({ keycloakUrl: keycloak.url, issuer, now: () => clock, ...more });
}

const signed = (claims: Record<string, unknown> = {}, key = k1): Promise<string> => keycloak.sign(key, claims, start);
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

async function faultOf(answer: unknown): Promise<Fault> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a token of the realm', () => {
  it('tells who carries it', async () => {
    expect(await verifier.verify(await signed())).toEqual({
      subject: 's-1',
      username: 'nurse',
      roles: ['nurse'],
      facilities: ['F1', 'F2'],
      clientId: 'anamnesis-web',
      acr: 'aal1',
      sessionId: 'session-1',
      expiresAt: (seconds(start) + 900) * 1_000,
    });
  });

  it('of a service is a service’s', async () => {
    const azp = 'anamnesis-orders';
    const claims = { azp, preferred_username: `service-account-${azp}`, realm_access: { roles: ['service'] } };
    expect(await verifier.verify(await signed(claims))).toMatchObject({ service: 'orders', roles: [] });
  });

  it('is known again at once', async () => {
    const token = await signed();
    await verifier.verify(token);
    expect(verifier.verify(token)).toMatchObject({ subject: 's-1' });
    expect(keycloak.count('certs')).toBe(1);
  });

  it.each(['PS256', 'ES256'])('may be signed by %s', async (alg) => {
    const key = await signingKey('other', alg);
    keycloak.keys.push(key);
    expect(await verifier.verify(await signed({}, key))).toMatchObject({ subject: 's-1' });
    expect(await verifier.verify(await signed({ typ: 'ID' }, key))).toEqual(INVALID);
    expect(await verifier.verify(`${(await signed({}, key)).slice(0, -4)}AAAA`)).toEqual(INVALID);
  });

  it('may be made out to others besides', async () => {
    expect(await verifier.verify(await signed({ aud: ['account', 'anamnesis-gateway'] }))).toMatchObject({
      subject: 's-1',
    });
  });
});

describe('a forgery', () => {
  const forged = async (): Promise<readonly (readonly [string, string])[]> => {
    const good = await signed();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const publicKey = await exportSPKI((await importJWK(k1.jwk, 'RS256')) as Parameters<typeof exportSPKI>[0]);
    const hmacHead = `${encoded({ alg: 'HS256', kid: 'k1' })}.${payload}`;
    const pss = { ...k1, alg: 'PS256', privateKey: (await signingKey('k1', 'PS256')).privateKey };
    return [
      ['by another key', await signed({}, stranger)],
      ['by another algorithm than the key’s', await signed({}, pss)],
      ['with another header', `${encoded({ alg: 'PS256', kid: 'k1' })}.${payload}.${signature}`],
      ['from another issuer', await signed({ iss: 'https://evil.example/realms/anamnesis' })],
      ['from another realm', await signed({ iss: 'https://record.example/realms/master' })],
      ['to another audience', await signed({ aud: 'account' })],
      ['to no audience', await signed({ aud: undefined })],
      ['without expiry', await signed({ exp: undefined })],
      ['with an expiry that is no number', await signed({ exp: 'never' as never })],
      ['without a moment of issue', await signed({ iat: undefined })],
      ['issued two minutes from now', await signed({ iat: seconds(start) + 120 })],
      ['that begins two minutes from now', await signed({ nbf: seconds(start) + 120 })],
      ['without subject', await signed({ sub: undefined })],
      ['without client', await signed({ azp: undefined })],
      ['that is an ID token', await signed({ typ: 'ID' })],
      ['that is a refresh token', await signed({ typ: 'Refresh' })],
      ['with alg none', `${encoded({ alg: 'none', kid: 'k1' })}.${payload}.`],
      ['with alg none and a signature', `${encoded({ alg: 'none', kid: 'k1' })}.${payload}.${signature}`],
      [
        'with the public key as a secret',
        `${hmacHead}.${createHmac('sha256', publicKey).update(hmacHead).digest('base64url')}`,
      ],
      ['with a changed payload', `${header}.${encoded({ sub: 'x' })}.${signature}`],
      ['without a key’s name', await new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).sign(k1.privateKey)],
      ['with a critical extension', `${encoded({ alg: 'RS256', kid: 'k1', crit: ['x'] })}.${payload}.${signature}`],
      ['with null claims', `${header}.${encoded(null)}.${signature}`],
      ['with a null header', `${encoded(null)}.${payload}.${signature}`],
      ['with a number for claims', `${header}.${encoded(5)}.${signature}`],
      ['with a list for claims', `${header}.${encoded([])}.${signature}`],
      ['of five parts', `${good}.a.b`],
      ['of nothing', ''],
      ['of dots', '..'],
      ['too long', 'x'.repeat(8_193)],
    ];
  };

  it('is found, every one', async () => {
    for (const [what, token] of await forged()) expect([what, await verifier.verify(token)]).toEqual([what, INVALID]);
  });

  it('of any shape is refused, and throws nothing', async () => {
    await verifier.ready();
    const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    const bytes = fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some).toString('base64url'));
    const kids = fc.constantFrom('k1', '__proto__', 'constructor');
    const heads = fc.record({ alg: fc.constantFrom('RS256', 'ES256', 'PS256', 'none'), kid: kids }).map(encoded);
    const parts = fc.oneof(json, bytes, heads, fc.string());
    const tokens = fc.array(parts, { maxLength: 5 }).map((some) => some.join('.'));
    await fc.assert(
      fc.asyncProperty(tokens, async (token) => {
        expect(await verifier.verify(token)).toEqual(INVALID);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the clocks', () => {
  it('may differ by a minute, and by no more', async () => {
    const token = await signed({ exp: seconds(start) + 10 });
    clock = (seconds(start) + 10) * 1_000 + 59_000;
    expect(await verifier.verify(token)).toMatchObject({ subject: 's-1' });
    expect(await verifier.verify(await signed({ iat: seconds(clock) + 59, exp: seconds(clock) + 99 }))).toMatchObject({
      subject: 's-1',
    });
    clock += 1_001;
    expect(await verifier.verify(token)).toEqual(INVALID);
    expect(await verifierWith({}).verify(token)).toEqual(INVALID);
  });
});

describe('the keys', () => {
  it('that were made a moment ago count at once', async () => {
    expect(await verifier.verify(await signed())).toMatchObject({ subject: 's-1' });
    for (const kid of ['n1', 'n2', 'n3']) {
      const key = await signingKey(kid);
      keycloak.keys.push(key);
      expect(await verifier.verify(await signed({}, key))).toMatchObject({ subject: 's-1' });
    }
  });

  it('that strangers name cost few fetches, and those who have a new one wait a second at most', async () => {
    await verifier.ready();
    const flood = Array.from({ length: 300 }, async (_, n) =>
      verifier.verify(await signed({}, { ...stranger, kid: `x${n}` })),
    );
    expect(new Set((await Promise.all(flood)).map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify(INVALID)]),
    );
    expect(keycloak.count('certs')).toBeLessThanOrEqual(8);
    keycloak.keys.push(k2);
    expect(await verifier.verify(await signed({}, k2))).toMatchObject({ subject: 's-1' });
  });

  it('that were deleted count no longer than a minute', async () => {
    const token = await signed();
    await verifier.verify(token);
    keycloak.keys = [k2];
    clock = start + 60_001;
    expect(await verifier.verify(token)).toEqual(INVALID);
    expect(await verifier.verify(await signed({}, k2))).toMatchObject({ subject: 's-1' });
  });

  it('are looked at in the background while they are used', async () => {
    const token = await signed();
    await verifier.verify(token);
    keycloak.keys = [k2];
    clock = start + 30_001;
    expect(verifier.verify(token)).toMatchObject({ subject: 's-1' });
    await until(async () => 'invalid' in (await verifier.verify(token)));
    expect(keycloak.count('certs')).toBe(2);
  });

  it('of other uses, kinds and shapes are passed over', async () => {
    const odd = [
      { ...k2.jwk, use: 'enc', kid: 'e' },
      { kid: 'a', alg: 'HS256', kty: 'oct', k: 'AAAA' },
      { kid: 'b', alg: 'RS256' },
    ];
    keycloak.answers.set('certs', () => ({ body: { keys: [...odd, k1.jwk] } }));
    expect(await verifier.verify(await signed())).toMatchObject({ subject: 's-1' });
    for (const kid of ['e', 'a', 'b']) {
      expect([kid, await verifier.verify(await signed({}, { ...k2, kid }))]).toEqual([kid, INVALID]);
    }
  });
});

describe('while Keycloak is away', () => {
  it('tokens by keys that are known count, for ten minutes as for one', async () => {
    const watched = verifierWith({ clientSecret: 'x' });
    const token = await signed();
    await watched.verify(token);
    keycloak.away = true;
    for (const minutes of [1, 2, 10]) {
      clock = start + minutes * 60_000;
      expect([minutes, await watched.verify(token)]).toMatchObject([minutes, { subject: 's-1' }]);
      const other = await signed({ sub: `s-${minutes}`, sid: `${minutes}` });
      expect(await watched.verify(other)).toMatchObject({ subject: `s-${minutes}` });
    }
    watched.close();
  });

  it.each<[string, () => void]>([
    ['does not answer', () => (keycloak.away = true)],
    ['answers 503', () => keycloak.answers.set('certs', () => ({ status: 503, body: 'starting' }))],
    ['answers a page', () => keycloak.answers.set('certs', () => ({ body: '<html>' }))],
    ['answers something else', () => keycloak.answers.set('certs', () => ({ body: { keys: 'none' } }))],
    ['knows no such realm', () => keycloak.answers.set('certs', () => ({ status: 404, body: {} }))],
  ])('because it %s, an unknown key is a fault that may pass, and no refusal', async (_how, leave) => {
    leave();
    const fault = await faultOf(verifier.verify(await signed()));
    expect([fault.code, fault.retryable]).toEqual(['identity-unavailable', true]);
    // What is no token of ours is told so all the same.
    expect(await verifier.verify('a.b.c')).toEqual(INVALID);
    const asked = keycloak.count('certs');
    await faultOf(verifier.verify(await signed()));
    expect(keycloak.count('certs')).toBe(asked);
    keycloak.away = false;
    keycloak.answers.clear();
    clock += 1_001;
    expect(await verifier.verify(await signed())).toMatchObject({ subject: 's-1' });
  });
});

describe('a Keycloak that hangs', () => {
  it('makes nobody wait but who finds it out', async () => {
    const watched = verifierWith({ clientSecret: 'x' });
    const [token, other] = [await signed(), await signed({ sid: 'other' })];
    await watched.verify(token);
    await watched.verify(other);
    const never = new Promise<never>(() => undefined);
    for (const path of ['certs', 'introspect']) keycloak.answers.set(path, () => never);
    clock = start + 61_000;
    expect(await watched.verify(token)).toMatchObject({ subject: 's-1' });
    for (const later of [0, 500, 3_000, 60_000, 600_000]) {
      clock = start + 61_000 + later;
      expect([later, watched.verify(other)]).toMatchObject([later, { subject: 's-1' }]);
      expect([later, watched.verify(token)]).toMatchObject([later, { subject: 's-1' }]);
    }
    watched.close();
  });
});

describe('the guard', () => {
  it('answers that the identity provider is away, where that is so', async () => {
    keycloak.away = true;
    const guard = new PermissionGuard({ verifier });
    const request = { headers: { authorization: `Bearer ${await signed()}` } } as unknown as FastifyRequest;
    const refusal = await new Promise((resolve) => guard.check('caller.read', request, resolve));
    expect(problemOf(refusal)).toMatchObject({ status: 503, code: 'identity-unavailable', retryAfter: 2 });
  });
});

describe('sessions', () => {
  beforeEach(() => {
    verifier.close();
    verifier = verifierWith({ clientSecret: 'secret' });
  });

  it('are not asked for while a token is fresh', async () => {
    const token = await signed();
    await verifier.verify(token);
    clock = start + 28_000;
    expect(verifier.verify(token)).toMatchObject({ subject: 's-1' });
    expect(keycloak.count('introspect')).toBe(0);
  });

  it('that are used are asked for in the background, once in thirty seconds', async () => {
    const token = await signed();
    const other = await signed({ jti: 'b' });
    await verifier.verify(token);
    clock = start + 31_000;
    for (let times = 0; times < 5; times += 1) expect(verifier.verify(token)).toMatchObject({ subject: 's-1' });
    await until(() => keycloak.count('introspect') === 1);
    await verifier.verify(other);
    clock += 29_000;
    await verifier.verify(token);
    expect(keycloak.count('introspect')).toBe(1);
  });

  it('that were ended are refused at the next look', async () => {
    const token = await signed();
    await verifier.verify(token);
    keycloak.active = () => false;
    clock = start + 31_000;
    verifier.verify(token);
    await until(() => 'invalid' in verifier.verify(token));
    expect(keycloak.count('introspect')).toBe(1);
  });

  it('that nobody used for a minute are asked for first', async () => {
    const token = await signed();
    await verifier.verify(token);
    keycloak.active = () => false;
    clock = start + 61_000;
    expect(await verifier.verify(token)).toEqual(INVALID);
    expect(verifier.verify(token)).toEqual(INVALID);
  });

  it('are asked for before a token is met for the first time that is no longer fresh', async () => {
    keycloak.active = () => false;
    clock = start + 300_000;
    expect(await verifier.verify(await signed())).toEqual(INVALID);
  });

  it('go on where only one of their tokens was revoked', async () => {
    const [revoked, renewed] = [await signed(), await signed({ iat: seconds(start) + 20 })];
    keycloak.active = (token) => token !== revoked;
    clock = start + 90_000;
    expect(await verifier.verify(revoked)).toEqual(INVALID);
    expect(await verifier.verify(renewed)).toMatchObject({ subject: 's-1' });
  });

  it('go on where Keycloak does not tell, and it is not asked by every request', async () => {
    keycloak.answers.set('introspect', () => ({ status: 401, body: { error: 'unauthorized_client' } }));
    const token = await signed();
    await verifier.verify(token);
    clock = start + 61_000;
    for (let times = 0; times < 5; times += 1) expect(await verifier.verify(token)).toMatchObject({ subject: 's-1' });
    expect(keycloak.count('introspect')).toBe(1);
    keycloak.answers.clear();
    keycloak.active = () => false;
    clock += 2_001;
    await until(async () => 'invalid' in (await verifier.verify(token)));
  });

  it('are asked for few at a time, each by whoever it is told', async () => {
    let most = 0;
    let open = 0;
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, n) => signed({ sid: `s${n}`, jti: randomBytes(4).toString('hex') })),
    );
    keycloak.answers.set('introspect', async (form, request) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 10));
      open -= 1;
      const authorization = request.headers.authorization ?? '';
      expect(atob(authorization.slice(6))).toBe('anamnesis-gateway:secret');
      return { body: { active: tokens.indexOf(form.get('token') ?? '') % 2 === 0 } };
    });
    clock = start + 61_000;
    const answers = await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(answers.map((answer) => 'invalid' in answer)).toEqual(tokens.map((_, n) => n % 2 === 1));
    expect(most).toBeLessThanOrEqual(16);
    expect(keycloak.count('introspect')).toBe(100);
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to that');
}
