import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventStoreDb } from '@anamnesis/event-store/eventstoredb';
import { sample, samples, streamOf } from '@anamnesis/event-store/contract';
import { selfSigned } from '../wire/certificate.ts';
import { TestServer } from './open-event-store-db.ts';

describe('over TLS, with users', () => {
  const users = [{ login: 'record', password: 'p@ss word', groups: ['$admins'] }];
  let server: TestServer;
  let query: string;
  beforeAll(async () => {
    const tls = selfSigned();
    server = await TestServer.start({ tls, users, maxAppendBytes: 64 * 1024 });
    const authority = join(server.folder, 'authority.pem');
    await writeFile(authority, tls.cert);
    query = `127.0.0.1:${server.port}?tls=true&tlsCAFile=${authority}`;
  });
  afterAll(() => server.remove());

  it('serves who is named in the connection string or beside it', async () => {
    const [{ login: username, password }] = users as [(typeof users)[number]];
    const named = await EventStoreDb.open({
      connectionString: `esdb://${username}:${encodeURIComponent(password)}@${query}`,
    });
    const beside = await EventStoreDb.open({
      connectionString: `esdb://${query}`,
      credentials: { username, password },
    });
    const writes = [1, 2].map(() => ({ stream: streamOf(), expected: 'none' as const, events: samples(1) }));
    expect(await named.appendAll(writes)).toMatchObject({ ok: true });
    expect(await beside.readAll()).toHaveLength(2);
    await Promise.all([named.close(), beside.close()]);
  });

  it('tells a wrong password from a store that is away', async () => {
    const refused = { code: 'store-read-only', retryable: false };
    const wrong = { connectionString: `esdb://record:wrong@${query}`, retryMs: 100 };
    await expect(EventStoreDb.open(wrong)).rejects.toMatchObject(refused);
    await expect(EventStoreDb.open({ connectionString: `esdb://${query}`, retryMs: 100 })).rejects.toMatchObject(
      refused,
    );
  });

  it('says of an append that the server does not take whole that it is too large, and leaves no part', async () => {
    const store = await EventStoreDb.open({ connectionString: `esdb://record:p%40ss%20word@${query}` });
    const large = { stream: streamOf(), expected: 'none' as const, events: [sample({ data: new Uint8Array(70_000) })] };
    const small = { stream: streamOf(), expected: 'none' as const, events: samples(1) };
    await expect(store.append(large)).rejects.toBeInstanceOf(RangeError);
    await expect(store.appendAll([small, large])).rejects.toBeInstanceOf(RangeError);
    expect(await store.readStream(small.stream)).toEqual([]);
    expect(await store.append(small)).toMatchObject({ ok: true });
    await store.close();
  });
});
