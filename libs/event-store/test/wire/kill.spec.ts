import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventData, EventStoreDBClient } from '@eventstore/db-client';
import { collect, connect, events, streamName } from './open-wire.ts';
import { ServingProcess } from './serving-process.ts';

const KILLS = 3;
const CALLERS = 12;
/** Longer than a client that lost its server needs to tell so, in milliseconds. */
const PATIENCE = 4_000;

interface Append {
  readonly stream: string;
  readonly data: EventData[];
  readonly classic: boolean;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-wire-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function serve(): Promise<{ server: ServingProcess; client: EventStoreDBClient }> {
  const server = new ServingProcess(['--insecure', '--port', '0', '--folder', folder]);
  return { server, client: connect(await server.url()) };
}

function send(client: EventStoreDBClient, { stream, data, classic }: Append): Promise<unknown> {
  const credentials = classic ? { credentials: { username: 'x', password: 'x' } } : {};
  return client.appendToStream(stream, data, { expectedRevision: 'no_stream', deadline: PATIENCE, ...credentials });
}

/** Appends until the server is gone; what was not answered may be there or not. */
async function appendUntilGone(
  client: EventStoreDBClient,
  caller: number,
  acknowledged: string[],
  unanswered: Append[],
): Promise<void> {
  for (;;) {
    const append = { stream: streamName('kill'), data: events(1 + (caller % 5)), classic: caller % 3 === 0 };
    const answered = await Promise.race([
      send(client, append).then(
        () => true,
        () => false,
      ),
      delay(PATIENCE, false, { ref: false }),
    ]);
    if (!answered) return void unanswered.push(append);
    acknowledged.push(...append.data.map(({ id }) => id));
  }
}

describe('a server killed in the midst of appends', () => {
  it('loses nothing that it acknowledged, and what is sent again is there once', async () => {
    const acknowledged: string[] = [];
    let unanswered: Append[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const { server, client } = await serve();
      for (const append of unanswered) {
        await send(client, append);
        acknowledged.push(...append.data.map(({ id }) => id));
      }
      unanswered = [];
      const callers = Array.from({ length: CALLERS }, (_, caller) =>
        appendUntilGone(client, caller, acknowledged, unanswered),
      );
      await delay(150 + 250 * Math.random());
      await server.kill('SIGKILL');
      await Promise.all(callers);
      expect(unanswered).toHaveLength(CALLERS);
      await client.dispose();
    }

    const { server, client } = await serve();
    const times = new Map<string, number>();
    const stored = await collect(client.readAll());
    for (const { event } of stored) times.set(event!.id, (times.get(event!.id) ?? 0) + 1);
    expect(acknowledged.length).toBeGreaterThan(KILLS * CALLERS);
    expect(acknowledged.filter((id) => times.get(id) !== 1)).toEqual([]);
    const positions = stored.map(({ event }) => Number(event!.position!.commit));
    expect(positions).toEqual(positions.map((_, i) => i + 1));
    // Of an append that was not acknowledged there is all or nothing.
    for (const { data } of unanswered) {
      expect(new Set(data.map(({ id }) => times.get(id))).size).toBe(1);
    }
    await client.dispose();
    expect(await server.kill('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });
});
