import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { TransitKeyEncryption, type TransitAuth, type TransitOptions } from '../src/transit/index.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

/** What the service says to one request; `undefined` says nothing, for ever. */
type Says = { readonly status: number; readonly body?: unknown } | undefined;
type Script = (path: string, request: { readonly token: string; readonly body: string }) => Says;

const owner = { subject: 'a', dataClass: 'clinical' };
const key = new Uint8Array(32).fill(7);
const unavailable = { code: 'vault-unavailable', retryable: true };
const goodKey = { status: 200, body: { data: { type: 'aes256-gcm96', latest_version: 1, min_decryption_version: 1 } } };
const wrapped = { status: 200, body: { data: { batch_results: [{ ciphertext: 'vault:v1:AAAA' }] } } };
const endless = { status: 200, body: { data: { ttl: 0, renewable: false } } };
const byToken: TransitAuth = { kind: 'token', token: 'hvs.good' };

/** Says the usual, but where a test wants something else. */
const usually =
  (script: Script): Script =>
  (path, request) => {
    const said = script(path, request);
    if (said !== usual) return said;
    if (path === 'auth/token/lookup-self') return endless;
    return path.startsWith('transit/keys/') ? goodKey : wrapped;
  };
const usual: Says = { status: 599 };

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

function answering(script: Script) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const token = String(request.headers['x-vault-token'] ?? '');
    const said = usually(script)(request.url!.replace('/v1/', ''), { token, body });
    if (!said) return;
    response.statusCode = said.status;
    response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body ?? {}));
  };
}

async function opened(script: Script, options: Partial<TransitOptions> = {}): Promise<TransitKeyEncryption> {
  const port = await listening(createServer(answering(script)));
  const address = `http://127.0.0.1:${port}`;
  const encryption = await TransitKeyEncryption.open({
    address,
    key: 'k',
    auth: byToken,
    timeoutMs: 1_500,
    ...options,
  });
  afterwards(async () => encryption.close());
  return encryption;
}

describe('a key management service that', () => {
  it.each([429, 412, 500, 502, 503])('says %i once is asked again', async (status) => {
    let asked = 0;
    const encryption = await opened((path) =>
      path.startsWith('transit/encrypt') && ++asked === 1 ? { status } : usual,
    );
    expect((await encryption.wrap(owner, key)).version).toBe(1);
    expect(asked).toBe(2);
  });

  it('says 503 for ever is unavailable after a few tries', async () => {
    let asked = 0;
    const encryption = await opened((path) => {
      if (!path.startsWith('transit/encrypt')) return usual;
      asked++;
      return { status: 503, body: { errors: ['Vault is sealed'] } };
    });
    await expect(encryption.wrap(owner, key)).rejects.toMatchObject(unavailable);
    expect(asked).toBe(3);
  });

  it('says nothing is unavailable', async () => {
    const encryption = await opened((path) => (path.startsWith('transit/encrypt') ? undefined : usual), {
      timeoutMs: 300,
    });
    await expect(encryption.wrap(owner, key)).rejects.toMatchObject(unavailable);
  });

  it('is not there is unavailable', async () => {
    const options = { address: 'http://127.0.0.1:9', key: 'k', auth: byToken, timeoutMs: 2_000 };
    await expect(TransitKeyEncryption.open(options)).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['a page', '<html>'],
    ['nothing', {}],
    ['too few answers', { data: { batch_results: [] } }],
    ['another cipher text', { data: { batch_results: [{ ciphertext: 'plain' }] } }],
  ])('answers %s wraps nothing', async (_, body) => {
    const encryption = await opened((path) => (path.startsWith('transit/encrypt') ? { status: 200, body } : usual));
    await expect(encryption.wrap(owner, key)).rejects.toMatchObject({ code: 'vault-unavailable', retryable: false });
  });

  it('has no such key, or one without associated data, is the wrong one', async () => {
    const wrong = { code: 'vault-key-wrong', retryable: false };
    const keyIs = (says: Says) => opened((path) => (path.startsWith('transit/keys/') ? says : usual));
    await expect(keyIs({ status: 404 })).rejects.toMatchObject(wrong);
    for (const data of [
      { type: 'rsa-2048', latest_version: 1 },
      { type: 'aes256-gcm96', derived: true, latest_version: 1 },
    ]) {
      await expect(keyIs({ status: 200, body: { data } })).rejects.toMatchObject(wrong);
    }
  });

  it('is reached in the clear over a network is refused, before anything is sent', async () => {
    const options = { address: 'http://vault.example:8200', key: 'k', auth: byToken };
    await expect(TransitKeyEncryption.open(options)).rejects.toMatchObject({
      code: 'vault-unavailable',
      message: expect.stringContaining('https'),
    });
  });

  it('quotes keys and tokens in its errors has them quoted by no fault', async () => {
    const encryption = await opened((path, { token, body }) =>
      path.startsWith('transit/encrypt') ? { status: 418, body: { errors: [token, body] } } : usual,
    );
    const fault = await encryption.wrap(owner, key).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'vault-unavailable' });
    const said = inspect(fault, { depth: 9, showHidden: true });
    expect(said).not.toContain('hvs.good');
    expect(said).not.toContain(Buffer.from(key).toString('base64'));
  });
});

describe('TLS', () => {
  it('is trusted by the authority that is named, and by no other', async () => {
    const folder = await temporaryFolder();
    const [keyPath, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=vault', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', [...made, ...subject, '-keyout', keyPath, '-out', certificate], { stdio: 'ignore' });
    const pair = { key: readFileSync(keyPath), cert: readFileSync(certificate) };
    const port = await listening(
      createSecureServer(
        pair,
        answering(() => usual),
      ),
    );
    const options = { address: `https://127.0.0.1:${port}`, key: 'k', auth: byToken, timeoutMs: 3_000 };
    await expect(TransitKeyEncryption.open(options)).rejects.toMatchObject(unavailable);
    const encryption = await TransitKeyEncryption.open({ ...options, caFile: certificate });
    afterwards(async () => encryption.close());
    expect((await encryption.wrap(owner, key)).version).toBe(1);
    await expect(TransitKeyEncryption.open({ ...options, caFile: join(folder, 'none') })).rejects.toMatchObject(
      unavailable,
    );
  });
});

describe('a token', () => {
  const only =
    (good: () => string): Script =>
    (_, { token }) =>
      token === good() ? usual : { status: 403, body: { errors: ['permission denied'] } };

  it('that is refused is a retryable fault', async () => {
    await expect(opened(only(() => 'another'))).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('token'),
    });
  });

  it('in a file is read again when it was replaced', async () => {
    const path = join(await temporaryFolder(), 'token');
    await writeFile(path, 'first\n');
    let good = 'first';
    const encryption = await opened(
      only(() => good),
      { auth: { kind: 'token-file', path } },
    );
    good = 'second';
    await expect(encryption.wrap(owner, key)).rejects.toMatchObject(unavailable);
    await writeFile(`${path}.new`, 'second\n');
    await rename(`${path}.new`, path);
    expect((await encryption.wrap(owner, key)).version).toBe(1);
  });

  it('file that is missing is a fault', async () => {
    const path = join(await temporaryFolder(), 'none');
    await expect(opened(() => usual, { auth: { kind: 'token-file', path } })).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['approle', { role_id: 'r', secret_id: 's3cret' }],
    ['kubernetes', { role: 'r', jwt: 's3cret' }],
  ] as const)('from a login by %s is asked for again when it is refused', async (kind, credentials) => {
    const path = join(await temporaryFolder(), 'secret');
    await writeFile(path, 's3cret\n');
    const auth: TransitAuth =
      kind === 'approle' ? { kind, roleId: 'r', secretIdFile: path } : { kind, role: 'r', tokenFile: path };
    let logins = 0;
    let good = 1;
    const encryption = await opened(
      (called, { token, body }) => {
        if (called === `auth/${kind}/login`) {
          expect(JSON.parse(body)).toEqual(credentials);
          return { status: 200, body: { auth: { client_token: `t${++logins}`, lease_duration: 60 } } };
        }
        return token === `t${good}` ? usual : { status: 403 };
      },
      { auth },
    );
    good = 2;
    expect((await encryption.wrap(owner, key)).version).toBe(1);
    expect(logins).toBe(2);
  });

  it('that ends is renewed before it does', async () => {
    let renewed = (): void => undefined;
    const renewal = new Promise<void>((resolve) => (renewed = resolve));
    await opened((path) => {
      if (path === 'auth/token/lookup-self') return { status: 200, body: { data: { ttl: 1, renewable: true } } };
      if (path !== 'auth/token/renew-self') return usual;
      renewed();
      return { status: 200, body: { auth: { lease_duration: 60, renewable: true } } };
    });
    await renewal;
  });
});
