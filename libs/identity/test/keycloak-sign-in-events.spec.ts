import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SignIn, SignInFailure } from '../src/index.ts';
import { fileSignInProgress, KeycloakSignInEvents, type SignInProgress } from '../src/keycloak/index.ts';
import { KeycloakEndpoint } from './keycloak-endpoint.ts';

const T = 1_700_000_000_000;

interface Stored {
  readonly id: string;
  readonly time: number;
  readonly type: string;
  readonly [member: string]: unknown;
}

let keycloak: KeycloakEndpoint;
let stored: Stored[];
let told: (SignIn | SignInFailure)[];
let progress: SignInProgress | undefined;
let reader: KeycloakSignInEvents;
let fails: boolean;

const login = (id: string, time: number): Stored => ({
  ...{ id, time, type: 'LOGIN', clientId: 'anamnesis-web', userId: 's-1', ipAddress: '10.0.0.9' },
  details: { username: 'nurse' },
});
const failure = (id: string, time: number, error: string, more: object = {}): Stored => ({
  ...{ id, time, type: 'LOGIN_ERROR', clientId: 'anamnesis-web', ipAddress: '10.0.0.9', error },
  ...more,
});
const ids = (): unknown[] => told.map(({ id }) => id);

beforeEach(async () => {
  [stored, told, progress, fails] = [[], [], undefined, false];
  keycloak = new KeycloakEndpoint();
  await keycloak.start();
  keycloak.answers.set('events', (_form, request) => {
    if (request.headers.authorization !== 'Bearer t') return { status: 401, body: {} };
    const query = new URL(request.url ?? '', keycloak.url).searchParams;
    const [from, first, most] = ['dateFrom', 'first', 'max'].map((name) => Number(query.get(name)));
    const asked = stored.filter(({ time, type }) => time >= from! && query.getAll('type').includes(type));
    return { body: asked.sort((a, b) => a.time - b.time).slice(first, first! + most!) };
  });
  reader = newReader();
});

afterEach(async () => {
  await reader.close();
  await keycloak.stop();
});

function newReader(interval = 10): KeycloakSignInEvents {
  const tell = async (event: SignIn | SignInFailure): Promise<void> => {
    if (fails) throw new Error('the audit cannot write');
    told.push(event);
  };
  return new KeycloakSignInEvents({
    keycloakUrl: keycloak.url,
    tokens: { token: () => 't' },
    events: { signedIn: tell, signInFailed: tell },
    progress: { read: async () => progress, write: async (next) => void (progress = next) },
    interval,
  });
}

describe('the sign-ins that Keycloak kept', () => {
  it('are told with whose they were, where from and when', async () => {
    stored = [login('a', T)];
    expect(await reader.look()).toBe(1);
    expect(told).toEqual([
      { id: 'a', at: T, subject: 's-1', username: 'nurse', clientId: 'anamnesis-web', from: '10.0.0.9' },
    ]);
  });

  it('that failed are told with the reason, and a name only where it is somebody’s', async () => {
    stored = [
      failure('a', T, 'invalid_user_credentials', { userId: 's-1', details: { username: 'nurse' } }),
      failure('b', T, 'user_not_found', { details: { username: 'my-password' } }),
      failure('c', T, 'user_temporarily_disabled', { userId: 's-1', details: { username: 'nurse' } }),
      failure('d', T, 'expired_code'),
      failure('e', T, 'constructor'),
    ];
    await reader.look();
    const where = { at: T, clientId: 'anamnesis-web', from: '10.0.0.9' };
    expect(told).toEqual([
      { ...where, id: 'a', reason: 'wrong-password', username: 'nurse' },
      { ...where, id: 'b', reason: 'unknown-user' },
      { ...where, id: 'c', reason: 'locked', username: 'nurse' },
    ]);
  });

  it('are told once each, page after page', async () => {
    stored = Array.from({ length: 250 }, (_, n) => login(`e${n}`, T + n * 7));
    expect(await reader.look()).toBe(250);
    expect(await reader.look()).toBe(0);
    stored.push(login('new', T + 10_000));
    expect(await reader.look()).toBe(1);
    expect([new Set(ids()).size, told.length]).toEqual([251, 251]);
  });

  it('are told once each by the next process, too', async () => {
    stored = [login('a', T), login('b', T + 1)];
    await reader.look();
    await reader.close();
    stored.push(login('c', T + 2));
    reader = newReader();
    expect(await reader.look()).toBe(1);
    expect(ids()).toEqual(['a', 'b', 'c']);
  });

  it('are told although a later one was seen before', async () => {
    stored = [login('late', T + 5_000)];
    await reader.look();
    stored.push(login('early', T));
    await reader.look();
    expect(ids()).toEqual(['late', 'early']);
  });

  it('are remembered no longer than they can come again', async () => {
    for (let n = 0; n < 50; n += 1) {
      stored.push(login(`e${n}`, T + n * 10_000));
      await reader.look();
    }
    expect(told).toHaveLength(50);
    expect(progress?.told.map(({ id }) => id)).toEqual(Array.from({ length: 7 }, (_, n) => `e${43 + n}`));
  });
});

describe('while the audit cannot write, or Keycloak is away', () => {
  it('nothing counts as told', async () => {
    stored = [login('a', T)];
    fails = true;
    await expect(reader.look()).rejects.toThrow('cannot write');
    expect(progress).toBeUndefined();
    fails = false;
    keycloak.away = true;
    await expect(reader.look()).rejects.toMatchObject({ code: 'identity-unavailable', retryable: true });
    keycloak.away = false;
    await reader.look();
    expect(ids()).toEqual(['a']);
  });

  it('it looks again until it can, and no more once it is closed', async () => {
    stored = [login('a', T)];
    keycloak.away = true;
    reader.start();
    await until(() => keycloak.count('events') >= 2);
    keycloak.away = false;
    await until(() => told.length === 1);
    stored.push(login('b', T + 1));
    await until(() => told.length === 2);
    await reader.close();
    const asked = keycloak.count('events');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(keycloak.count('events')).toBe(asked);
  });

  it('an answer of another shape is a fault', async () => {
    keycloak.answers.set('events', () => ({ body: [{ id: 1 }] }));
    await expect(reader.look()).rejects.toMatchObject({ code: 'identity-unavailable' });
  });
});

describe('a file of how far they were told', () => {
  it('says what was written last, and nothing where it is not there or damaged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-identity-'));
    try {
      const path = join(folder, 'sign-ins.json');
      const file = fileSignInProgress(path);
      expect(await file.read()).toBeUndefined();
      await file.write({ through: 1, told: [] });
      await file.write({ through: 2, told: [{ id: 'a', at: 3 }] });
      expect(await fileSignInProgress(path).read()).toEqual({ through: 2, told: [{ id: 'a', at: 3 }] });
      expect([await readdir(folder), (await stat(path)).mode & 0o777]).toEqual([['sign-ins.json'], 0o600]);
      await writeFile(path, '{"through":');
      expect(await file.read()).toBeUndefined();
      const nowhere = fileSignInProgress(join(folder, 'none', 'x'));
      await expect(nowhere.write({ through: 1, told: [] })).rejects.toMatchObject({ code: 'identity-unavailable' });
      await expect(fileSignInProgress(folder).read()).rejects.toMatchObject({ code: 'identity-unavailable' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries === 300) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
