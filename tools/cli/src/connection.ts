import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { Client } from './client.ts';
import { runningServer } from './data-folder.ts';
import { CommandError, unavailable, usage } from './exit.ts';
import { startRecord } from './own-record.ts';
import { tokenSource, type Minting } from './tokens.ts';

export interface ConnectionOptions {
  readonly dataFolder: string;
  /** The address of a record that runs elsewhere. */
  readonly server?: string;
  readonly token?: string;
  /** A role, or the name of a user of the folder. */
  readonly as: string;
  readonly purpose?: string;
  readonly connections?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Connection {
  readonly client: Client;
  /** How the record was reached: by its address, as the folder's running server, or opened by this process. */
  readonly kind: 'server' | 'running' | 'own';
  close(): Promise<void>;
}

/**
 * The record to work on: the server named; else the folder's running server; else the folder itself, opened by running
 * the whole record in this process on a free loopback port, so that there is one way in and every rule holds.
 */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  if (options.server !== undefined) return onServer(options.server, 'server', options);
  const running = await runningServer(options.dataFolder);
  if (running !== undefined && (await answers(running.url))) return onServer(running.url, 'running', options);

  const own = await startRecord(options.dataFolder, options.env);
  const connection = await onServer(own.url, 'own', options).catch(async (error: unknown) => {
    await own.close();
    throw error;
  });
  return {
    ...connection,
    close: async () => {
      await connection.close();
      await own.close();
    },
  };
}

async function onServer(server: string, kind: Connection['kind'], options: ConnectionOptions): Promise<Connection> {
  const url = recordUrl(server);
  const minting: Minting = { dataFolder: options.dataFolder, as: options.as, url, env: options.env };
  const client = new Client({
    url,
    token: await tokenSource(options.token, minting),
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(options.connections === undefined ? {} : { connections: options.connections }),
  });
  return { client, kind, close: () => client.close() };
}

function recordUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw usage('--server must be an http or https address');
  // People paste the FHIR base as often as the record's own address.
  return url.href.replace(/\/(fhir\/?)?$/, '');
}

/** A server that starts or is busy is given some seconds; one that refuses the connection is not there. */
async function answers(url: string, attempts = 20): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      const { statusCode, body } = await request(`${url}/health/live`, { headersTimeout: 5_000, bodyTimeout: 5_000 });
      await body.dump();
      if (statusCode === 200) return true;
    } catch (error) {
      if (error instanceof CommandError) throw error;
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    }
    await wait(250);
  }
  throw unavailable(`The folder's server at ${url} is there but does not answer`);
}
