import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceClient, type ServiceName } from '@anamnesis/identity';
import { CONFIDENTIAL_CLIENTS, demoPeople } from '@anamnesis/identity/keycloak';

/** The identifiers of the facilities that a stack's demo users work in. */
export const FACILITIES = ['F1', 'F2'] as const;

/** Made anew at each start; every file is its owner's alone. */
export interface Secrets {
  /** By OpenID client. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  /** Demo users' passwords by name. */
  readonly passwords: Readonly<Record<string, string>>;
  secretFile(service: ServiceName): string;
  /** Of any client that has a secret. */
  clientFile(client: string): string;
  readonly passwordsFile: string;
  /** Keeps a secret that an engine made; its file. */
  keep(name: string, secret: string): Promise<string>;
}

export async function makeSecrets(
  folder: string,
  services: readonly ServiceName[],
  passwordsFile: string,
): Promise<Secrets> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const random = (): string => randomBytes(18).toString('base64url');
  const keep = async (name: string, secret: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, secret, { mode: 0o600 });
    return file;
  };
  const clientFile = (client: string): string => join(folder, client);
  const clients = [...new Set([...CONFIDENTIAL_CLIENTS, ...services.map((service) => serviceClient(service))])];
  const clientSecrets = Object.fromEntries(clients.map((client) => [client, random()]));
  for (const client of clients) await keep(client, clientSecrets[client]!);
  const secretFile = (service: ServiceName): string => clientFile(serviceClient(service));
  const passwords = Object.fromEntries(demoPeople(FACILITIES).map(({ username }) => [username, random()]));
  await writeFile(passwordsFile, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return { clientSecrets, passwords, secretFile, clientFile, passwordsFile, keep };
}
