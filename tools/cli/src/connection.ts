import { Client } from './client.ts';
import { holdsRecord, runningServerUrl } from './data-folder.ts';
import { usage } from './exit.ts';
import { startRecord } from './own-record.ts';
import { clientSource, tokenSource, type Minting } from './tokens.ts';

export interface ConnectionOptions {
  readonly dataFolder: string;
  /** The address of a record that runs elsewhere. */
  readonly server?: string;
  readonly token?: string;
  /** An OpenID client that signs in for itself; the secret as `@FILE`. */
  readonly client?: { readonly id: string; readonly secret: string };
  /** A role, or the name of a user of the folder. */
  readonly as: string;
  readonly purpose?: string;
  readonly connections?: number;
  /** Whether a folder that holds no record becomes one: a mistyped folder must not, for a command that only asks. */
  readonly makes?: boolean;
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
  const running = await runningServerUrl(options.dataFolder);
  if (running !== undefined) return onServer(running, 'running', options);
  if (options.makes !== true && !holdsRecord(options.dataFolder)) throw usage(noRecord(options.dataFolder));

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

const noRecord = (folder: string): string =>
  `There is no record in ${folder}. Name its folder by --data or ANAMNESIS_DATA; npm start and import make a new one`;

async function onServer(server: string, kind: Connection['kind'], options: ConnectionOptions): Promise<Connection> {
  const url = recordUrl(server);
  const minting: Minting = { dataFolder: options.dataFolder, as: options.as, url, env: options.env };
  const client = new Client({
    url,
    token: options.client ? await clientSource(url, options.client) : await tokenSource(options.token, minting),
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
