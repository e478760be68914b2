import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AccessDeniedError, binaryEvent, EventStoreDBClient, type Credentials } from '@eventstore/db-client';
import { selfSigned } from './certificate.ts';
import { collect, events, failure, OpenWire, streamName } from './open-wire.ts';

const users = [
  { login: 'admin', password: 'chängeit:', groups: ['$admins'] },
  { login: 'ops', password: 'secret', groups: ['$ops'] },
  { login: 'nurse', password: 'pw' },
];
const admin = { username: 'admin', password: 'chängeit:' };
const ops = { username: 'ops', password: 'secret' };
const nurse = { username: 'nurse', password: 'pw' };

let wire: OpenWire;
let authority: string;
const clients: EventStoreDBClient[] = [];

function clientOf(credentials?: Credentials): EventStoreDBClient {
  const own = credentials === undefined ? '' : `${credentials.username}:${encodeURIComponent(credentials.password)}@`;
  const url = `esdb://${own}localhost:${wire.server.port}?tls=true&tlsCAFile=${authority}`;
  const client = EventStoreDBClient.connectionString(url as never);
  clients.push(client);
  return client;
}

beforeAll(async () => {
  const tls = selfSigned();
  wire = await OpenWire.start({ tls, users, advertisedHost: 'localhost' });
  authority = join(wire.folder, 'authority.pem');
  await writeFile(authority, tls.cert);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  await wire.close();
});

describe('over TLS with users', () => {
  it('says in its address that it speaks TLS', () => {
    expect(wire.server.url).toBe(`esdb://localhost:${wire.server.port}?tls=true`);
  });

  it('serves users as they identify themselves, by the connection or by the call', async () => {
    const stream = streamName();
    await clientOf(nurse).appendToStream(stream, events(2));
    await clientOf().appendToStream(stream, events(1), { credentials: ops });
    expect(await collect(clientOf(admin).readStream(stream))).toHaveLength(3);
  });

  it.each([
    ['a wrong password', { username: 'admin', password: 'x' }],
    ['an unknown user', { username: 'AzureDiamond', password: 'hunter2' }],
    ['nobody', undefined],
  ])('denies %s everything but to ask what it is', async (_name, credentials) => {
    const client = clientOf(credentials);
    const stream = streamName();
    const attempts = [
      client.appendToStream(stream, events(1)),
      client.appendToStream(stream, events(1), credentials === undefined ? {} : { credentials }),
      client.deleteStream(stream),
      client.tombstoneStream(stream),
      collect(client.readStream(stream)),
      collect(client.readAll()),
      collect(client.subscribeToAll()),
      collect(client.subscribeToStream(stream)),
    ];
    for (const attempt of attempts) expect(await failure(attempt)).toBeInstanceOf(AccessDeniedError);
    expect(
      await collect(clientOf(admin).readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 })),
    ).not.toEqual([]);
    expect(await failure(collect(clientOf(admin).readStream(stream)))).toMatchObject({ type: 'stream-not-found' });
  });

  it.each(['$settings', '$ce-patient', '$$$settings'])('keeps %s for administrators', async (stream) => {
    for (const client of [clientOf(nurse), clientOf(ops)]) {
      expect(await failure(client.appendToStream(stream, events(1)))).toBeInstanceOf(AccessDeniedError);
      expect(await failure(client.deleteStream(stream))).toBeInstanceOf(AccessDeniedError);
      expect(await failure(collect(client.readStream(stream)))).toBeInstanceOf(AccessDeniedError);
      expect(await failure(collect(client.readAll()))).toBeInstanceOf(AccessDeniedError);
      expect(await failure(collect(client.subscribeToAll()))).toBeInstanceOf(AccessDeniedError);
    }
    expect(await clientOf(admin).appendToStream(stream, events(1))).toMatchObject({ success: true });
  });

  it('follows the access list of a stream', async () => {
    const stream = streamName();
    const [boss, own, other] = [clientOf(admin), clientOf(nurse), clientOf(ops)];
    await own.appendToStream(stream, events(1));
    await own.setStreamMetadata(stream, {
      acl: { readRoles: ['nurse', '$ops'], writeRoles: ['nurse'], deleteRoles: [], metaWriteRoles: ['nurse'] },
    });
    expect(await collect(other.readStream(stream))).toHaveLength(1);
    expect(await failure(other.appendToStream(stream, events(1)))).toBeInstanceOf(AccessDeniedError);
    expect(await failure(other.appendToStream(stream, events(1), { credentials: ops }))).toBeInstanceOf(
      AccessDeniedError,
    );
    expect(await failure(other.setStreamMetadata(stream, {}))).toBeInstanceOf(AccessDeniedError);
    expect(await failure(own.deleteStream(stream))).toBeInstanceOf(AccessDeniedError);
    await own.appendToStream(stream, events(1));
    await boss.setStreamMetadata(stream, { acl: '$systemStreamAcl' as never });
    expect(await failure(own.appendToStream(stream, events(1)))).toBeInstanceOf(AccessDeniedError);
    await boss.setStreamMetadata(stream, { acl: '$userStreamAcl' as never });
    expect((await other.appendToStream(stream, events(1))).nextExpectedRevision).toBe(2n);
  });

  it('follows no link to what its reader may not read', async () => {
    const [target, links] = [streamName(), streamName()];
    const boss = clientOf(admin);
    await boss.appendToStream(target, events(1, 'secret'));
    await boss.setStreamMetadata(target, { acl: { readRoles: ['ops'] } });
    const link = binaryEvent({ type: '$>', data: Buffer.from(`0@${target}`) });
    await clientOf(nurse).appendToStream(links, link);
    const follow = async (credentials: Credentials) =>
      (await collect(clientOf(credentials).readStream(links, { resolveLinkTos: true })))[0]?.event?.type;
    expect(await follow(ops)).toBe('secret');
    expect(await follow(nurse)).toBeUndefined();
  });

  it('is found by discovery', async () => {
    const url = `esdb+discover://admin:${encodeURIComponent(admin.password)}@localhost:${wire.server.port}?tls=true&tlsCAFile=${authority}`;
    const client = EventStoreDBClient.connectionString(url as never);
    clients.push(client);
    expect((await client.appendToStream(streamName(), events(1))).success).toBe(true);
  });

  it('is not heard by a client that does not trust it', async () => {
    const url = `esdb://admin:x@localhost:${wire.server.port}?tls=true&defaultDeadline=2000`;
    const client = EventStoreDBClient.connectionString(url as never);
    clients.push(client);
    expect(await failure(client.appendToStream(streamName(), events(1)))).toMatchObject({ code: 14 });
  });
});
