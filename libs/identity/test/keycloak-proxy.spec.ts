import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLog, HealthRegistry, type RunningService, startService } from '@anamnesis/service';
import { PermissionGuard } from '../src/index.ts';
import { type KeycloakProxy, keycloakProxy } from '../src/keycloak/keycloak-proxy.ts';

let upstream: Server;
let proxy: KeycloakProxy;
let service: RunningService;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let seen: { url: string; method: string; headers: IncomingMessage['headers']; body: string }[] = [];

const plain = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', method = '', headers } = request;
      seen.push({ url, method, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
    request.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  proxy = keycloakProxy({
    keycloakUrl: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    publicUrl: () => 'https://record.example',
    timeout: 500,
    bodyBytes: 1_000,
  });
  service = await startService({
    modules: [],
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: undefined,
      trustedProxies: undefined,
      bodyBytes: 65_536,
      shutdownWait: 500,
    },
    log: createLog('silent'),
    health: new HealthRegistry(),
    guard: new PermissionGuard({ verifier: { verify: () => ({ invalid: true }) } }),
    mounts: proxy.mounts,
    closeInOrder: [() => proxy.close()],
  });
});

afterEach(() => {
  answer = plain;
  seen = [];
});

afterAll(async () => {
  await service.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

answer = plain;

/** Sends a path as it is: `fetch` would tidy it first. */
function raw(path: string): Promise<number> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

describe('what is passed on to Keycloak', () => {
  it('is the request as it is, with the record’s address in place of what the client claims', async () => {
    const sent = await fetch(`${service.url}/realms/anamnesis/protocol/openid-connect/token?a=b%20c`, {
      method: 'POST',
      headers: {
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-prefix': '/evil',
        forwarded: 'for=1.2.3.4',
        cookie: 'AUTH_SESSION_ID=x',
      },
      body: new URLSearchParams({ grant_type: 'x' }),
    });
    expect([sent.status, await sent.text()]).toEqual([200, 'ok']);
    expect(seen[0]).toMatchObject({
      url: '/realms/anamnesis/protocol/openid-connect/token?a=b%20c',
      method: 'POST',
      body: 'grant_type=x',
      headers: {
        host: 'record.example',
        cookie: 'AUTH_SESSION_ID=x',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'record.example',
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
      },
    });
    expect(Object.keys(seen[0]!.headers)).not.toEqual(expect.arrayContaining(['forwarded']));
    expect(Object.keys(seen[0]!.headers)).not.toEqual(expect.arrayContaining(['x-forwarded-prefix']));
  });

  it.each([
    '/realms/master/protocol/openid-connect/token',
    '/admin/realms',
    '/metrics',
    '/realms/anamnesis/../master/protocol/openid-connect/token',
    '/realms/anamnesis/%2e%2e/master',
    '/realms/anamnesis/.%2E/master',
    '/realms/anamnesis/x%2f..%2f..%2fmaster',
    '/realms/anamnesis/..;/master',
    '/realms/anamnesis/a\\..\\..\\master',
    '/realms/anamnesis/%5c..%5cmaster',
    '/realms/anamnesis/%',
    '/resources/../admin',
    '/realms/anamnesis2/x',
  ])('is not %s', async (path) => {
    expect([path, [400, 404].includes(await raw(path))]).toEqual([path, true]);
    expect(seen).toEqual([]);
  });

  it('is no body over the limit, whether it says its length or not', async () => {
    const path = `${service.url}/realms/anamnesis/x`;
    const long = 'x'.repeat(1_001);
    expect((await fetch(path, { method: 'POST', body: long })).status).toBe(413);
    const stream = new Blob([long]).stream();
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit;
    expect((await fetch(path, init)).status).toBe(413);
    expect(seen).toEqual([]);
    expect((await fetch(path, { method: 'POST', body: long.slice(1) })).status).toBe(200);
  });
});

describe('what comes back from Keycloak', () => {
  it('is its answer, cookies and redirects included, but nothing of its connection', async () => {
    answer = (_request, response) => {
      response.writeHead(302, {
        location: 'https://record.example/signed-in?code=1',
        'set-cookie': ['a=1; Path=/realms/anamnesis/', 'b=2; Path=/realms/anamnesis/'],
        'keep-alive': 'timeout=99',
        'x-hop': 'this connection’s'.replace('’', ''),
        connection: 'keep-alive, x-hop',
      });
      response.end();
    };
    const { status, headers } = await fetch(`${service.url}/realms/anamnesis/auth`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, 'https://record.example/signed-in?code=1']);
    expect(headers.getSetCookie()).toEqual(['a=1; Path=/realms/anamnesis/', 'b=2; Path=/realms/anamnesis/']);
    expect([headers.get('x-hop'), headers.get('keep-alive') === 'timeout=99']).toEqual([null, false]);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]+$/);
  });

  it('streams', async () => {
    let end = (): void => undefined;
    answer = (_request, response) => {
      response.write('first');
      end = () => void response.end('last');
    };
    const { body } = await fetch(`${service.url}/resources/x.css`);
    const reader = body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
    end();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('last');
    expect((await reader.read()).done).toBe(true);
  });

  it('is its own error, other than that it is away', async () => {
    answer = (_request, response) => void response.writeHead(400).end('<html>');
    const bad = await fetch(`${service.url}/realms/anamnesis/x`);
    expect([bad.status, await bad.text()]).toEqual([400, '<html>']);
  });
});

describe('while Keycloak is away', () => {
  it.each<[string, typeof plain]>([
    ['starts', (_request, response) => void response.writeHead(503).end('starting')],
    ['hangs', () => undefined],
    ['hangs up', (request) => void request.socket.destroy()],
  ])('because it %s, the front door says so', async (_how, how) => {
    answer = how;
    const away = await fetch(`${service.url}/realms/anamnesis/x`);
    expect([away.status, away.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
    expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
    const { code, correlation } = (await away.json()) as { code: string; correlation: string };
    expect([code, correlation]).toEqual(['identity-unavailable', away.headers.get('x-request-id')]);
  });

  it('in the middle of an answer, the answer is cut', async () => {
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => request.socket.destroy(), 20);
    };
    const begun = await fetch(`${service.url}/realms/anamnesis/x`);
    await expect(begun.text()).rejects.toThrow();
  });

  it('and nobody listens at all, the front door says so', async () => {
    const nowhere = keycloakProxy({ keycloakUrl: 'http://127.0.0.1:1', publicUrl: () => 'http://x.test' });
    const alone = createServer((request, response) => void nowhere.mounts[0]!.handle(request, response, '127.0.0.1'));
    await new Promise<void>((resolve) => alone.listen(0, '127.0.0.1', resolve));
    const { port } = alone.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.1:${port}/realms/anamnesis/x`, { method: 'POST', body: 'x' })).status).toBe(
      503,
    );
    nowhere.close();
    alone.closeAllConnections();
    await new Promise((resolve) => alone.close(resolve));
  });
});
