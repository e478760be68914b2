import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SERVICES, type ServiceName } from '@anamnesis/identity';
import { issuerOf, SIGN_INS_CLIENT } from '@anamnesis/identity/keycloak';
import { engineAddresses, startEngineSide, type Undo } from './engine-side.ts';
import type { EngineSet } from './engine-set.ts';
import { toStderr } from './engines/log.ts';
import type { RunningEventStore } from './event-store.ts';
import { prepare } from './preparations.ts';
import { freePort } from './processes/free-port.ts';
import { killAllStarted } from './processes/started-process.ts';
import { makeSecrets, type Secrets } from './secrets.ts';
import { ServiceSet, type ServiceProcess } from './service-set.ts';
import type { Instance, Surroundings } from './services.ts';
import type { StackOptions } from './stack-options.ts';

/** Where everything is. */
export interface StackAddresses {
  /** The record's front door. */
  readonly url: string;
  readonly issuer: string;
  readonly passwordsFile: string;
  readonly folder: string;
  readonly eventStore: string;
  readonly kafka: readonly string[];
  readonly mongodb: string;
  readonly keycloak: string;
  readonly transit: string;
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/** The cluster profile, running. */
export interface Stack {
  readonly addresses: StackAddresses;
  /** Those that were started here. */
  readonly engines: EngineSet;
  /** Absent when one was given. */
  readonly eventStore?: RunningEventStore;
  readonly services: readonly ServiceProcess[];
  /** One process of a service; the first by default. Throws for one that there is not. */
  service(name: ServiceName, number?: number): ServiceProcess;
  /** How many services ended by themselves so far. */
  deaths(): number;
  /** Stops all that was started, from the front door inwards, and removes a temporary folder. */
  stop(): Promise<void>;
}

/**
 * Starts the cluster profile on loopback; resolves when every service says that it is ready. On failure, or when the
 * signal aborts it, what was started is stopped and it rejects (`EngineError`, `NotReady`, `Fault`).
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const undo: Undo = [];
  // Told to stop while it starts, it does not wait until everything is ready first.
  options.signal?.addEventListener('abort', () => void (starting && killAllStarted()), { once: true });
  let starting = true;
  const stop = async (): Promise<void> => {
    const faults: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => faults.push(error));
    if (faults.length > 0) throw faults[0];
  };
  try {
    const started = await start(options, undo);
    starting = false;
    return { ...started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: StackOptions, undo: Undo): Promise<Omit<Stack, 'stop'>> {
  const { log = toStderr, signal } = options;
  const folder = await folderOf(options, undo);
  const logFolder = join(folder, 'log');
  await mkdir(logFolder, { recursive: true, mode: 0o700 });
  const passwordsFile = resolve(options.passwordsFile ?? join(folder, 'demo-users.json'));
  const secrets = await makeSecrets(join(folder, 'secrets'), SERVICES, passwordsFile);
  const instances = await instancesOf(options, folder, secrets);
  const addresses = addressesOf(instances);
  const publicUrl = addresses.gateway[0] ?? `http://127.0.0.1:${await freePort()}`;

  const [engines, eventStore] = await startEngineSide(options, { folder, logFolder, log }, undo);
  const whole = engineAddresses(options, engines, eventStore);
  const replaceRealm = options.keycloak === undefined || options.replaceRealm === true;
  await prepare({ ...whole, publicUrl, replaceRealm, secrets }, log, signal);

  const around: Surroundings = {
    ...whole,
    publicUrl,
    issuer: issuerOf(publicUrl),
    keycloak: whole.keycloak.url,
    transit: { url: whole.transit.url, tokenFile: await secrets.keep('transit-token', whole.transit.token) },
    erasures: join(folder, 'erasures.log'),
    signInsSecretFile: secrets.clientFile(SIGN_INS_CLIENT),
    addresses,
  };
  const { env = {}, restart = false } = options;
  const services = new ServiceSet({ instances, around, logFolder, env, restart, log });
  undo.push(() => services.stop());
  await services.start();
  signal?.throwIfAborted();
  const told: StackAddresses = {
    url: publicUrl,
    issuer: around.issuer,
    passwordsFile,
    folder,
    eventStore: around.eventStore,
    kafka: around.kafka,
    mongodb: around.mongodb,
    keycloak: around.keycloak,
    transit: around.transit.url,
    services: addresses,
  };
  await writeFile(join(folder, 'stack.json'), `${JSON.stringify(told, null, 2)}\n`, { mode: 0o600 });
  return {
    addresses: told,
    engines,
    ...(eventStore !== undefined && { eventStore }),
    services: services.all,
    service: (name, number = 1) => {
      const found = services.all.find((one) => one.service === name && one.number === number);
      if (found === undefined) throw new RangeError(`there is no ${name}-${number} in this stack`);
      return found;
    },
    deaths: () => services.deaths,
  };
}

async function folderOf({ folder }: StackOptions, undo: Undo): Promise<string> {
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return resolve(folder);
  }
  const made = await mkdtemp(join(tmpdir(), 'anamnesis-stack-'));
  undo.push(() => rm(made, { recursive: true, force: true, maxRetries: 3 }));
  return made;
}

async function instancesOf(
  { instances = 1, instancesOf: of = {}, services = SERVICES }: StackOptions,
  folder: string,
  { secretFile }: Secrets,
): Promise<readonly Instance[]> {
  const all: Instance[] = [];
  for (const service of services) {
    for (let number = 1; number <= (of[service] ?? instances); number += 1) {
      const dataFolder = join(folder, 'data', `${service}-${number}`);
      all.push({ service, number, port: await freePort(), dataFolder, secretFile: secretFile(service) });
    }
  }
  return all;
}

function addressesOf(instances: readonly Instance[]): Surroundings['addresses'] {
  const of = (name: ServiceName): string[] =>
    instances.filter(({ service }) => service === name).map(({ port }) => `http://127.0.0.1:${port}`);
  return Object.fromEntries(SERVICES.map((name) => [name, of(name)])) as unknown as Surroundings['addresses'];
}
