import { createSecureContext } from 'node:tls';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Fault } from '@anamnesis/kernel';
import { EmbeddedEventStore } from '../embedded/embedded-event-store.ts';
import { Access, type WireUser } from './access.ts';
import { AppendService } from './append-service.ts';
import { Appender } from './appender.ts';
import { BatchAppend } from './batch-append.ts';
import { CommitBell } from './commit-bell.ts';
import { prepareLog } from './first-events.ts';
import { getSupportedMethods, gossipOf, statsOf } from './node-services.ts';
import { GossipService, MonitoringService, ServerFeaturesService, StreamsService } from './protocol.ts';
import { ReadService } from './read-service.ts';
import { StreamStates } from './stream-states.ts';

export interface WireServerOptions {
  /** The folder of the log, which is the wire server's alone; or a store that is open on such a folder. */
  readonly folder?: string;
  readonly store?: EmbeddedEventStore;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 2113; 0 takes a free one. */
  readonly port?: number;
  /** PEM. Without it the server speaks in the clear, and clients send no credentials. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Who may call. Without them everybody may do everything. */
  readonly users?: readonly WireUser[];
  /** How many bytes one append may have; default 1 MiB, as in EventStoreDB. */
  readonly maxAppendBytes?: number;
  /** The host that gossip tells clients to connect to; default `host`. */
  readonly advertisedHost?: string;
}

export interface WireServer {
  /** A connection string for the official clients, without credentials. */
  readonly url: string;
  readonly port: number;
  /** Finishes the appends it has, ends subscriptions, and closes the folder that it opened. */
  stop(): Promise<void>;
}

/** Larger than any append: the limit of an append is told in its own words. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;
/** How long calls may take to end by themselves, in milliseconds. */
const STOPPING_MS = 1_000;

/**
 * Serves the embedded event store by EventStoreDB's own gRPC protocol.
 * Throws what `EmbeddedEventStore.open` throws, and `Fault('store-unavailable')` where the address cannot be had or the
 * certificate not be used.
 */
export async function startWireServer(options: WireServerOptions): Promise<WireServer> {
  const store = options.store ?? (await openFolder(options.folder));
  const release = async (): Promise<void> => (options.store === undefined ? store.close() : undefined);
  try {
    await prepareLog(store);
    const host = options.host ?? '127.0.0.1';
    const server = new Server({
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    });
    let port = options.port ?? 2113;
    const calls = addServices(server, store, options, () => ({ host: options.advertisedHost ?? host, port }));
    port = await bind(server, host, port, options.tls);
    return {
      url: `esdb://${bracketed(options.advertisedHost ?? host)}:${port}?tls=${options.tls !== undefined}`,
      port,
      stop: async () => {
        for (const call of calls) call.stop();
        await shutDown(server);
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function openFolder(folder: string | undefined): Promise<EmbeddedEventStore> {
  if (folder === undefined) throw new TypeError('A wire server has a folder or a store.');
  return EmbeddedEventStore.open({ folder });
}

function addServices(
  server: Server,
  store: EmbeddedEventStore,
  { users, maxAppendBytes = 1024 * 1024 }: WireServerOptions,
  endPoint: () => { readonly host: string; readonly port: number },
): { stop(): void }[] {
  const states = new StreamStates(store);
  const bell = new CommitBell();
  const access = new Access(users, states);
  const appender = new Appender(store, states, bell);
  const reads = new ReadService(store, bell, access);
  const { append, delete: remove, tombstone } = new AppendService(appender, access, maxAppendBytes);
  const batches = new BatchAppend(appender, access, maxAppendBytes);
  // Reads answer with bytes that are ready to send.
  const streams = { ...StreamsService, read: { ...StreamsService.read, responseSerialize: (bytes: Buffer) => bytes } };
  server.addService(
    streams as unknown as ServiceDefinition<UntypedServiceImplementation>,
    {
      read: reads.read,
      append,
      delete: remove,
      tombstone,
      batchAppend: batches.batchAppend,
    } as unknown as UntypedServiceImplementation,
  );
  server.addService(ServerFeaturesService, { getSupportedMethods });
  server.addService(GossipService, { read: gossipOf(endPoint) });
  server.addService(MonitoringService, { stats: statsOf(() => figures(store)) });
  return [reads, batches];
}

function figures(store: EmbeddedEventStore): Record<string, number> {
  return { 'proc-mem': process.memoryUsage.rss(), 'es-writer-position': store.headSync(), 'proc-cpu': cpuSeconds() };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

function bind(server: Server, host: string, port: number, tls: WireServerOptions['tls']): Promise<number> {
  const credentials = tls === undefined ? ServerCredentials.createInsecure() : tlsCredentials(tls);
  return new Promise((resolve, reject) => {
    server.bindAsync(`${bracketed(host)}:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Fault('store-unavailable', 'The address cannot be listened on.', { cause: error }));
    });
  });
}

function tlsCredentials({ cert, key }: NonNullable<WireServerOptions['tls']>): ServerCredentials {
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new Fault('store-unavailable', 'The certificate and its key cannot be used for TLS.', { cause });
  }
  return ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }]);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Subscriptions never end by themselves: after a while every connection is cut. */
async function shutDown(server: Server): Promise<void> {
  const ended = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const timer = setTimeout(() => server.forceShutdown(), STOPPING_MS);
  await ended;
  clearTimeout(timer);
}
