import { join } from 'node:path';
import { Restartable } from '../processes/restartable.ts';
import { statusOf, untilReady } from '../processes/until-ready.ts';
import { cleanEnvironment } from './programs.ts';

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
/** An administrator of the realm `master`. */
export interface Admin {
  readonly user: string;
  readonly password: string;
}

/** The server's process. It makes the administrator where its database is new. */
export function keycloakServer(java: string, place: Place, admin?: Admin): Restartable {
  const { folder, port } = place;
  const first = admin && { KC_BOOTSTRAP_ADMIN_USERNAME: admin.user, KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password };
  const spec = {
    name: 'keycloak',
    command: java,
    args: serverArguments(place),
    cwd: folder,
    env: cleanEnvironment(first),
    logFile: join(folder, 'keycloak.log'),
  };
  const serves = async (): Promise<boolean> => (await statusOf(`http://127.0.0.1:${port}/realms/master`)) === 200;
  return new Restartable(spec, {
    ready: (started) => untilReady(started, serves, { limitMs: READY_LIMIT_MS, pauseMs: 250 }),
  });
}

export interface Place {
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
