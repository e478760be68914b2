import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { WireUser } from './access.ts';
import type { WireServerOptions } from './start-wire-server.ts';

export const HELP = `Usage: npm run event-store -- --insecure [options]
       npm run event-store -- --tls-cert file --tls-key file --users file [options]

Serves an event log by EventStoreDB's gRPC protocol: what the official clients read, append and subscribe to.

  --port n              listen here (default 2113); 0 takes a free port
  --host address        listen on this address (default 127.0.0.1)
  --folder D            the log's folder, made when it does not exist (default ./data/event-store);
                        it is this server's alone, not the data folder of a record
  --tls-cert file       certificate chain, PEM
  --tls-key file        its private key, PEM
  --users file          who may call, JSON: [{ "login": "admin", "password": "...", "groups": ["$admins"] }]
  --insecure            no users: everybody who reaches the port may do everything
  --max-append-size n   bytes of one append (default 1048576)
  --advertise-host h    the host that clients are told to connect to (default: --host)
  --help                this text

Exit codes: 0 stopped, 1 a fault, 64 wrong usage, 66 a file cannot be read, 69 the folder or the port cannot be had.
`;

/** sysexits.h */
export const EX_USAGE = 64;
export const EX_NOINPUT = 66;

export type Asked =
  | { readonly kind: 'serve'; readonly options: WireServerOptions & { readonly folder: string } }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string; readonly code: number };

export function asked(args: readonly string[]): Asked {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '2113' },
        host: { type: 'string', default: '127.0.0.1' },
        folder: { type: 'string', default: 'data/event-store' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        users: { type: 'string' },
        insecure: { type: 'boolean', default: false },
        'max-append-size': { type: 'string', default: '1048576' },
        'advertise-host': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return wrong((error as Error).message);
  }
  if (values.help === true) return { kind: 'help' };
  const { 'tls-cert': cert, 'tls-key': key, users, insecure } = values;
  const port = numberOf(values.port, 0, 65_535);
  if (port === undefined) return wrong('--port must be from 0 to 65535');
  const maxAppendBytes = numberOf(values['max-append-size'], 1, 16 * 1024 * 1024);
  if (maxAppendBytes === undefined) return wrong('--max-append-size must be from 1 to 16777216');
  if ((cert === undefined) !== (key === undefined)) return wrong('--tls-cert and --tls-key go together');
  if (insecure === (users !== undefined)) return wrong('Give either --users or --insecure');
  // Official clients send credentials over TLS only; so would passwords travel in the clear.
  if (users !== undefined && cert === undefined) return wrong('--users needs --tls-cert and --tls-key');
  try {
    const advertisedHost = values['advertise-host'];
    const options = {
      folder: values.folder,
      host: values.host,
      port,
      maxAppendBytes,
      ...(cert === undefined ? {} : { tls: { cert: read(cert), key: read(key!) } }),
      ...(users === undefined ? {} : { users: parseUsers(read(users)) }),
      ...(advertisedHost === undefined ? {} : { advertisedHost }),
    };
    return { kind: 'serve', options };
  } catch (error) {
    if (error instanceof UnreadableFile) return wrong(error.message, EX_NOINPUT);
    throw error;
  }
}

class UnreadableFile extends Error {}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UnreadableFile(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Throws for a file that is no list of users; what it holds is not told. */
function parseUsers(text: string): WireUser[] {
  const users: unknown = parseJson(text);
  if (!Array.isArray(users) || users.length === 0 || !users.every(isUser)) {
    throw new UnreadableFile('The users file must be a JSON array of { login, password, groups }');
  }
  return users;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isUser(value: unknown): value is WireUser {
  if (typeof value !== 'object' || value === null) return false;
  const { login, password, groups = [] } = value as Partial<Record<keyof WireUser, unknown>>;
  return (
    typeof login === 'string' &&
    /^[^:]+$/.test(login) &&
    typeof password === 'string' &&
    password !== '' &&
    Array.isArray(groups) &&
    groups.every((group) => typeof group === 'string')
  );
}

function numberOf(text: string, least: number, most: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
}

function wrong(message: string, code = EX_USAGE): Asked {
  return { kind: 'wrong', message, code };
}
