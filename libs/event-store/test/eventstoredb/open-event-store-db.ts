import { rm } from 'node:fs/promises';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { EventStoreDb, type EventStoreDbOptions } from '@anamnesis/event-store/eventstoredb';
import { startWireServer, type WireServer, type WireServerOptions } from '@anamnesis/event-store/wire';
import { temporaryFolder } from '../open-embedded.ts';

/** What EventStoreDB takes at most when it is set up so; its default is 1 MiB. */
const MAX_APPEND_BYTES = 16 * 1024 * 1024;

/** A server in a folder of its own, which can go away and come back on the same port. */
export class TestServer {
  readonly folder: string;
  port = 0;
  #store: EmbeddedEventStore | undefined;
  #server: WireServer | undefined;

  readonly #options: Partial<WireServerOptions>;

  private constructor(folder: string, options: Partial<WireServerOptions>) {
    this.folder = folder;
    this.#options = options;
  }

  static async start(options: Partial<WireServerOptions> = {}): Promise<TestServer> {
    const server = new TestServer(await temporaryFolder(), options);
    await server.up();
    return server;
  }

  get url(): string {
    return `esdb://127.0.0.1:${this.port}?tls=false`;
  }

  /** The log behind the protocol. */
  get log(): EmbeddedEventStore {
    return this.#store!;
  }

  async up(): Promise<void> {
    this.#store = await EmbeddedEventStore.open({ folder: this.folder });
    const options = { store: this.#store, port: this.port, maxAppendBytes: MAX_APPEND_BYTES, ...this.#options };
    this.#server = await startWireServer(options);
    this.port = this.#server.port;
  }

  async down(): Promise<void> {
    await this.#server?.stop();
    await this.#store?.close();
    this.#server = this.#store = undefined;
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.folder, { recursive: true });
  }
}

export interface OpenedEventStoreDb {
  readonly server: TestServer;
  readonly store: EventStoreDb;
  open(options?: Partial<EventStoreDbOptions>): Promise<EventStoreDb>;
  reopen(): Promise<EventStoreDb>;
  cleanup(): Promise<void>;
}

/** A store on a server of its own over the real protocol. Whatever is opened is closed by `cleanup`. */
export async function openEventStoreDb(options: Partial<EventStoreDbOptions> = {}): Promise<OpenedEventStoreDb> {
  const server = await TestServer.start();
  const opened: EventStoreDb[] = [];
  const open = async (more: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDb> => {
    const store = await EventStoreDb.open({ connectionString: server.url, ...options, ...more });
    opened.push(store);
    return store;
  };
  const store = await open();
  return {
    server,
    store,
    open,
    async reopen() {
      await opened.at(-1)!.close();
      return open();
    },
    async cleanup() {
      await Promise.all(opened.map((one) => one.close()));
      await server.remove();
    },
  };
}
