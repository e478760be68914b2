import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWireServer, type WireServer, type WireServerOptions } from '@anamnesis/event-store/wire';
import { EventStoreDBClient, jsonEvent, type EventData, type ResolvedEvent } from '@eventstore/db-client';

/** A wire server in a folder of its own, and the official client. */
export class OpenWire {
  readonly folder: string;
  readonly #options: WireServerOptions;
  server: WireServer;
  client: EventStoreDBClient;

  private constructor(folder: string, options: WireServerOptions, server: WireServer) {
    this.folder = folder;
    this.#options = options;
    this.server = server;
    this.client = connect(server.url);
  }

  static async start(options: Partial<WireServerOptions> = {}): Promise<OpenWire> {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-wire-'));
    const all = { ...options, folder, port: 0 };
    return new OpenWire(folder, all, await startWireServer(all));
  }

  async restart(): Promise<void> {
    await this.client.dispose();
    await this.server.stop();
    this.server = await startWireServer(this.#options);
    this.client = connect(this.server.url);
  }

  async close(): Promise<void> {
    await this.client.dispose();
    await this.server.stop();
    await rm(this.folder, { recursive: true });
  }
}

export function connect(url: string): EventStoreDBClient {
  return EventStoreDBClient.connectionString(url as never);
}

export function events(count: number, type = 'test'): EventData[] {
  return Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));
}

export async function collect(source: AsyncIterable<ResolvedEvent>): Promise<ResolvedEvent[]> {
  const found: ResolvedEvent[] = [];
  for await (const event of source) found.push(event);
  return found;
}

/** What the promise is rejected with. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error,
  );
}

let made = 0;

export function streamName(kind = 'stream'): string {
  return `${kind}_${process.pid}_${++made}`;
}
