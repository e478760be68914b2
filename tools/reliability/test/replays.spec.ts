import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Replays } from '../src/cluster/replays.ts';
import { RecordClient, type Asked } from '../src/kill/record-client.ts';

/** A forgetful one makes a new resource at every request: what a record must not do. */
let server: Server;
let client: RecordClient;
let made = 0;
let forgetful = false;

beforeEach(async () => {
  [made, forgetful] = [0, false];
  server = createServer((_, response) => {
    if (forgetful || made === 0) made += 1;
    response.writeHead(201, { location: `/fhir/Patient/p${made}/_history/1` }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new RecordClient(`http://127.0.0.1:${port}`, () => Promise.resolve('token'));
});
afterEach(() => {
  client.close();
  server.close();
});

const ASKED: Asked = { method: 'POST', path: '/fhir/Patient', headers: { 'idempotency-key': 'k-1' }, body: '{}' };

describe('asking again under the same key', () => {
  it('is content with the same answer', async () => {
    const replays = new Replays();
    replays.take({ asked: ASKED, answer: await client.ask('integration', ASKED) });
    expect(await replays.differences(client)).toEqual([]);
  });

  it('finds a write that was made twice', async () => {
    const replays = new Replays();
    replays.take({ asked: ASKED, answer: await client.ask('integration', ASKED) });
    forgetful = true;
    const [wrong] = await replays.differences(client);
    expect(wrong).toContain('Idempotency-Key k-1');
    expect(wrong).toContain('p2');
  });
});
