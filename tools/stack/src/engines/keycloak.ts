import { readFile } from 'node:fs/promises';
import { freePort } from '../processes/free-port.ts';
import { faultsOf, type Faulty } from '../processes/restartable.ts';
import { EngineError } from './engine-error.ts';
import { workFolder } from './folders.ts';
import { firstDatabase, keycloakHome } from './keycloak-install.ts';
import { keycloakServer, type Admin } from './keycloak-server.ts';
import { toStderr, type Log } from './log.ts';
import { needProgram } from './programs.ts';

export interface KeycloakOptions {
  /** A realm's representation, or the path of its JSON file; made when the server is ready. */
  readonly realm?: object | string;
  /** The address that tokens name as their issuer's; by default whatever the caller asked. */
  readonly hostname?: string;
  /** Where its data and log go, and stay; a temporary folder by default. */
  readonly folder?: string;
  readonly log?: Log;
}

export interface RunningKeycloak extends Faulty {
  readonly url: string;
  /** Of the realm `master`. */
  readonly admin: Admin;
  stop(): Promise<void>;
}

/** Starts Keycloak on loopback, with its database in a file, so that a restart keeps what it knew. */
export async function startKeycloak(options: KeycloakOptions = {}): Promise<RunningKeycloak> {
  const { realm, hostname, log = toStderr } = options;
  const java = needProgram('java', 'Keycloak');
  const home = await keycloakHome(log);
  const { folder, remove } = await workFolder('keycloak', options.folder);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const admin = await firstDatabase(home, folder);
  const server = keycloakServer(java, { home, folder, port, hostname });
  const stop = async (): Promise<void> => {
    await server.stop();
    await remove();
  };
  try {
    await server.start();
    if (realm !== undefined) await createRealm(url, admin, realm);
  } catch (error) {
    await stop();
    throw error;
  }
  return Object.assign(faultsOf(server), {
    url,
    admin,
    stop,
  });
}

/** Makes a realm by the admin API: 1 to 2 seconds, and an error where the import at start passes over one. */
export async function createRealm(url: string, admin: Admin, realm: object | string): Promise<void> {
  const body = typeof realm === 'string' ? await readFile(realm, 'utf8') : JSON.stringify(realm);
  const signIn = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: admin.user,
      password: admin.password,
    }),
  });
  if (!signIn.ok) throw new EngineError(`Keycloak did not let its administrator in: ${signIn.status}`);
  const { access_token: token } = (await signIn.json()) as { access_token: string };
  const made = await fetch(`${url}/admin/realms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  });
  if (!made.ok) throw new EngineError(`Keycloak refused the realm: ${made.status} ${await made.text()}`);
}
