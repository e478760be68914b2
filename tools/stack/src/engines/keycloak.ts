import { randomBytes } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { Restartable, type Faulty } from '../processes/restartable.ts';
import { statusOf, untilReady } from '../processes/until-ready.ts';
import { installed } from './cache.ts';
import { checkFile } from './checksum.ts';
import { EngineError } from './engine-error.ts';
import { workFolder } from './folders.ts';
import { toStderr, type Log } from './log.ts';
import { copyArtifact } from './maven.ts';
import { KEYCLOAK } from './pinned.ts';
import { cleanEnvironment, needProgram } from './programs.ts';
import { runInstaller } from './run-installer.ts';

const READY_LIMIT_MS = 180_000;
/** A third less memory than its own settings, and a start that spends nothing on code it runs once. */
const JVM = '-Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxMetaspaceSize=256m'.split(' ');
/** What Keycloak's own launcher, bin/kc.sh, sets. It is left out, for it stays between us and the server. */
const LAUNCHER = [
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
  '--add-opens=java.base/java.security=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--enable-native-access=ALL-UNNAMED',
  '-Duser.language=en',
  '-Duser.country=US',
  '-Dfile.encoding=UTF-8',
  '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
  '-Dpicocli.disable.closures=true',
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=' +
    'io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
];
const MAIN = 'io.quarkus.bootstrap.runner.QuarkusEntryPoint';
/** Fixed when it is built, which is done once, in the cache. */
const BUILD = ['--db=dev-file', '--health-enabled=false', '--metrics-enabled=false'];

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
  readonly admin: { readonly user: string; readonly password: string };
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
  const admin = { user: 'admin', password: randomBytes(18).toString('base64url') };
  const spec = {
    name: 'keycloak',
    command: java,
    args: serverArguments({ home, folder, port, hostname }),
    cwd: folder,
    env: cleanEnvironment({ KC_BOOTSTRAP_ADMIN_USERNAME: admin.user, KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password }),
    logFile: join(folder, 'keycloak.log'),
  };
  const serves = async (): Promise<boolean> => (await statusOf(`${url}/realms/master`)) === 200;
  const server = new Restartable(spec, {
    ready: (started) => untilReady(started, serves, { limitMs: READY_LIMIT_MS, pauseMs: 250 }),
  });
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
  return {
    url,
    admin,
    stop,
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
  };
}

interface Place {
  readonly home: string;
  readonly folder: string;
  readonly port: number;
  readonly hostname: string | undefined;
}

function serverArguments({ home, folder, port, hostname }: Place): readonly string[] {
  const database = `jdbc:h2:file:${join(folder, 'h2', 'keycloak')};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE`;
  return [
    ...JVM,
    ...LAUNCHER,
    `-Dkc.home.dir=${home}`,
    `-Djboss.server.config.dir=${join(home, 'conf')}`,
    ...['-cp', join(home, 'lib', 'quarkus-run.jar'), MAIN],
    ...['start', '--optimized', '--cache=local'],
    ...['--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`],
    hostname === undefined ? '--hostname-strict=false' : `--hostname=${hostname}`,
    `--db-url=${database}`,
  ];
}

/** Makes a realm by the admin API: 1 to 2 seconds, and an error where the import at start passes over one. */
export async function createRealm(
  url: string,
  admin: { readonly user: string; readonly password: string },
  realm: object | string,
): Promise<void> {
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

/** Fetches Keycloak if need be, and builds it for quick starts; its home. */
export async function keycloakHome(log: Log): Promise<string> {
  const folder = await installed(
    { name: `keycloak-${KEYCLOAK.version}`, pins: { ...KEYCLOAK, BUILD }, install: installKeycloak },
    log,
  );
  return join(folder, 'home');
}

async function installKeycloak(folder: string, log: Log): Promise<void> {
  const python = needProgram('python3', 'Unpacking Keycloak');
  await copyArtifact(folder, KEYCLOAK.artifact, log);
  const archive = join(folder, KEYCLOAK.file);
  await checkFile(archive, KEYCLOAK.sha256);
  await runInstaller({ name: 'unpack', command: python, args: ['-m', 'zipfile', '-e', archive, '.'], folder, log });
  await rm(archive);
  await rename(join(folder, `keycloak-${KEYCLOAK.version}`), join(folder, 'home'));
  const args = [join(folder, 'home', 'bin', 'kc.sh'), 'build', ...BUILD];
  const env = cleanEnvironment({
    ...(process.env['JAVA_HOME'] !== undefined && { JAVA_HOME: process.env['JAVA_HOME'] }),
  });
  await runInstaller({ name: 'keycloak build', command: '/bin/sh', args, folder, env, log });
}
