import { describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engine, openTransit, transitSettings } from './engines.ts';
import { temporaryFolder } from './temporary.ts';

// Real engines on a busy machine take their time.
jest.setTimeout(120_000);

const owner = { subject: randomUUID(), dataClass: 'clinical' };
const other = { subject: randomUUID(), dataClass: 'clinical' };
const key = new Uint8Array(32).fill(7);
const wrong = { code: 'vault-key-wrong', retryable: false };

async function asRoot(path: string, body: unknown, method = 'POST'): Promise<Record<string, Record<string, unknown>>> {
  const answer = await fetch(`${engine('ANAMNESIS_TEST_TRANSIT')}/v1/${path}`, {
    method,
    headers: { 'x-vault-token': engine('ANAMNESIS_TEST_TRANSIT_TOKEN') },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

/** A policy that allows what the documentation of the encryption asks for, and no more. */
async function policyFor(name: string): Promise<string> {
  const update = ['encrypt/K', 'decrypt/K', 'keys/K/rotate', 'keys/K/config'];
  const rules = [
    ...update.map((path) => `path "transit/${path}" { capabilities = ["update"] }`),
    'path "transit/keys/K" { capabilities = ["read"] }',
  ];
  await asRoot(`sys/policies/acl/${name}`, { policy: rules.join('\n').replaceAll('K', name) });
  return name;
}

describe('a transit key', () => {
  it('binds a wrapped key to its owner, and says of each of many how it went', async () => {
    const encryption = await openTransit(transitSettings());
    const [mine, theirs] = await encryption.wrapAll([
      { owner, key },
      { owner: other, key },
    ]);
    const unwrapped = await encryption.unwrapAll([
      { owner, wrapped: mine! },
      { owner, wrapped: theirs! },
      { owner: { ...owner, dataClass: 'access' }, wrapped: mine! },
      { owner, wrapped: { ...mine!, version: 9 } },
      { owner, wrapped: { ...mine!, bytes: Buffer.from('nothing of the kind') } },
    ]);
    expect([...(unwrapped[0] as Uint8Array)]).toEqual([...key]);
    for (const one of unwrapped.slice(1)) expect(one).toMatchObject(wrong);
  });

  it('wraps and unwraps more keys at once than the service takes in one request, in their order', async () => {
    const encryption = await openTransit(transitSettings());
    const keys = Array.from({ length: 1_100 }, (_, i) => ({
      owner: { ...owner, subject: `s${i}` },
      key: new Uint8Array(32).fill(i).with(0, i >> 8),
    }));
    const wrapped = await encryption.wrapAll(keys);
    const unwrapped = await encryption.unwrapAll(keys.map((one, i) => ({ ...one, wrapped: wrapped[i]! })));
    expect(unwrapped.map(String)).toEqual(keys.map(({ key: plain }) => String(plain)));
  });

  it('decrypts nothing under versions that were retired', async () => {
    const encryption = await openTransit(transitSettings());
    const before = await encryption.wrap(owner, key);
    expect(await encryption.rotate()).toBe(2);
    expect([...(await encryption.unwrap(owner, before))]).toEqual([...key]);
    const after = await encryption.wrap(owner, key);
    expect(after.version).toBe(2);
    await encryption.retireBefore(2);
    await encryption.retireBefore(1); // never goes back
    await expect(encryption.unwrap(owner, before)).rejects.toMatchObject(wrong);
    expect([...(await encryption.unwrap(owner, after))]).toEqual([...key]);
  });

  it('that is missing is refused, and made only when asked for, by several at once as well', async () => {
    const settings = transitSettings();
    await expect(openTransit({ ...settings, create: false })).rejects.toMatchObject(wrong);
    const [one, two] = await Promise.all([openTransit(settings), openTransit(settings)]);
    expect([...(await two.unwrap(owner, await one.wrap(owner, key)))]).toEqual([...key]);
  });

  it('that was deleted is not made anew by a token of the documented rights', async () => {
    const settings = transitSettings();
    await openTransit(settings);
    const policy = await policyFor(settings.key);
    const { auth } = await asRoot('auth/token/create', { policies: [policy], ttl: '1h' });
    const token = String(auth!.client_token);
    const encryption = await openTransit({ ...settings, create: false, auth: { kind: 'token', token } });
    const wrapped = await encryption.wrap(owner, key);
    expect(await encryption.rotate()).toBe(2);
    await encryption.retireBefore(1);
    await asRoot(`transit/keys/${settings.key}/config`, { deletion_allowed: true });
    await asRoot(`transit/keys/${settings.key}`, undefined, 'DELETE');
    await expect(encryption.wrap(owner, key)).rejects.toMatchObject({ name: 'Fault' });
    await expect(encryption.unwrap(owner, wrapped)).rejects.toMatchObject(wrong);
    await expect(openTransit({ ...settings, create: false })).rejects.toMatchObject(wrong);
  });
});

describe('a token', () => {
  it('is renewed past the end of its first life', async () => {
    const settings = transitSettings();
    await openTransit(settings);
    const policies = [await policyFor(settings.key)];
    const { auth } = await asRoot('auth/token/create', { policies, ttl: '2s', explicit_max_ttl: '1h', period: '2s' });
    const token = String(auth!.client_token);
    const encryption = await openTransit({ ...settings, create: false, auth: { kind: 'token', token } });
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect((await encryption.wrap(owner, key)).version).toBe(1);
  });

  it('of an application role is asked for again when it was revoked', async () => {
    const settings = transitSettings();
    await openTransit(settings);
    const name = settings.key;
    const [mount, policies] = [`approle-${name}`, [await policyFor(name)]];
    await asRoot(`sys/auth/${mount}`, { type: 'approle' });
    await asRoot(`auth/${mount}/role/${name}`, { token_policies: policies, token_ttl: '1h' });
    const role = await asRoot(`auth/${mount}/role/${name}/role-id`, undefined, 'GET');
    const secret = await asRoot(`auth/${mount}/role/${name}/secret-id`, {});
    const secretIdFile = join(await temporaryFolder(), 'secret-id');
    await writeFile(secretIdFile, String(secret.data!.secret_id));
    const auth = { kind: 'approle', roleId: String(role.data!.role_id), secretIdFile, mount } as const;
    const encryption = await openTransit({ ...settings, create: false, auth });
    const wrapped = await encryption.wrap(owner, key);
    await asRoot(`sys/leases/revoke-prefix/auth/${mount}`, {});
    expect([...(await encryption.unwrap(owner, wrapped))]).toEqual([...key]);
  });
});
