import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Peer } from '../src/peer.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function instance(handle: Handler): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => handle(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function peerOf(addresses: readonly string[], more: { patienceMs?: number; answerMs?: number } = {}): Peer {
  const peer = new Peer({ addresses, token: async () => 'service-token', patienceMs: 300, ...more });
  open.push(peer);
  return peer;
}

const answering =
  (value: unknown): Handler =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const refusing =
  (status: number, code: string): Handler =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code }));

describe('asking another service', () => {
  it('shows the own token and the id of the request', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const { address } = await instance((request, response) => {
      seen.push(request.headers);
      answering({ n: 1 })(request, response);
    });
    const answer = await peerOf([address]).ask({ path: '/internal/x', body: '{}', correlation: 'c-1' });
    expect(answer).toEqual({ n: 1 });
    expect(seen[0]).toMatchObject({ authorization: 'Bearer service-token', 'x-request-id': 'c-1' });
  });

  it('goes round the instances', async () => {
    const [one, two] = [await instance(answering(1)), await instance(answering(2))];
    const peer = peerOf([one.address, two.address]);
    const answers = await Promise.all([1, 2, 3, 4].map(() => peer.ask<number>({ path: '/', body: '{}' })));
    expect(answers.sort()).toEqual([1, 1, 2, 2]);
  });

  it('leaves out an instance that is gone, or on its way', async () => {
    const gone = await instance(answering('gone'));
    await new Promise((resolve) => gone.server.close(resolve));
    const leaving = await instance(refusing(503, 'stopping'));
    const there = await instance(answering('there'));
    const peer = peerOf([gone.address, leaving.address, there.address]);
    for (let i = 0; i < 3; i += 1) expect(await peer.ask({ path: '/', body: '{}' })).toBe('there');
  });

  it('waits a moment for one that is being started again', async () => {
    const { address, server } = await instance(answering('first'));
    const port = (server.address() as AddressInfo).port;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const asked = peerOf([address], { patienceMs: 5_000 }).ask({ path: '/', body: '{}' });
    const again = createServer((request, response) => answering('again')(request, response));
    await new Promise<void>((resolve) => again.listen(port, '127.0.0.1', resolve));
    open.push({ close: () => (again.closeAllConnections(), again.close()) });
    expect(await asked).toBe('again');
  });

  it('tells when nobody answers, and passes faults on by their code', async () => {
    const gone = await instance(answering('gone'));
    await new Promise((resolve) => gone.server.close(resolve));
    const fault = { name: 'Fault', code: 'service-unavailable', retryable: true };
    await expect(peerOf([gone.address]).ask({ path: '/', body: '{}' })).rejects.toMatchObject(fault);
    const mute = await instance(() => undefined);
    await expect(peerOf([mute.address], { answerMs: 200 }).ask({ path: '/', body: '{}' })).rejects.toMatchObject(fault);
    const failing = await instance(refusing(503, 'vault-unavailable'));
    await expect(peerOf([failing.address]).ask({ path: '/', body: '{}' })).rejects.toMatchObject({
      name: 'Fault',
      code: 'vault-unavailable',
      retryable: true,
    });
    const erased = await instance(refusing(410, 'key-destroyed'));
    await expect(peerOf([erased.address]).ask({ path: '/', body: '{}' })).rejects.toMatchObject({
      code: 'key-destroyed',
      retryable: false,
    });
  });

  it('is a bug, and quotes nothing, when the question itself is refused', async () => {
    const { address } = await instance(refusing(400, 'bad-request'));
    await expect(peerOf([address]).ask({ path: '/', body: '{}' })).rejects.toThrow(
      'a service refused what another one asked: bad-request',
    );
  });
});
