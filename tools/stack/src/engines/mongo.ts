import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { freePort } from '../processes/free-port.ts';
import { faultsOf, Restartable, type Faulty } from '../processes/restartable.ts';
import { listens, untilReady } from '../processes/until-ready.ts';
import { installationFolder, installed } from './cache.ts';
import { workFolder } from './folders.ts';
import { toStderr, type Log } from './log.ts';
import { SECANTUSDB, SECANTUS_RUST } from './pinned.ts';
import { cleanEnvironment } from './programs.ts';
import { installWheels } from './python.ts';
import { installRust } from './rust.ts';

const READY_LIMIT_MS = 60_000;
const RUST = { name: `${SECANTUS_RUST.crate}-${SECANTUS_RUST.version}`, pins: SECANTUS_RUST } as const;

export interface MongoOptions {
  /** Where its data and log go, and stay; a temporary folder by default. */
  readonly folder?: string;
  readonly log?: Log;
}

export interface RunningMongo extends Faulty {
  /** mongodb://127.0.0.1:port/... */
  readonly url: string;
  /** Which of the two servers runs. */
  readonly engine: 'wheel' | 'rust';
  stop(): Promise<void>;
}

/**
 * Starts SecantusDB, which speaks MongoDB's protocol, with every commit synced to disk. The Python wheel, unless the
 * faster Rust server is in the cache already or ANAMNESIS_MONGO_ENGINE=rust asks for it (built once, in minutes).
 */
export async function startMongo({ folder: asked, log = toStderr }: MongoOptions = {}): Promise<RunningMongo> {
  const engine = mongoEngine();
  const command = engine === 'rust' ? await rustServer(log) : await wheelServer(log);
  const { folder, remove } = await workFolder('mongodb', asked);
  const port = await freePort();
  const address = engine === 'rust' ? [] : ['--host', '127.0.0.1'];
  const data = ['--port', String(port), '--storage-path', join(folder, 'data'), '--sync-on-commit'];
  const spec = {
    name: 'mongodb',
    command,
    args: [...address, ...data],
    cwd: folder,
    env: cleanEnvironment(),
    logFile: join(folder, 'mongodb.log'),
  };
  const server = new Restartable(spec, {
    ready: (started) => untilReady(started, () => listens(port), { limitMs: READY_LIMIT_MS }),
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await remove();
  };
  try {
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return Object.assign(faultsOf(server), {
    url: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    engine,
    stop,
  });
}

function mongoEngine(): 'wheel' | 'rust' {
  const asked = env['ANAMNESIS_MONGO_ENGINE'];
  if (asked === 'rust' || asked === 'wheel') return asked;
  return existsSync(join(installationFolder(RUST), 'bin', SECANTUS_RUST.program)) ? 'rust' : 'wheel';
}

export async function wheelServer(log: Log): Promise<string> {
  const folder = await installed(
    {
      name: `secantusdb-${SECANTUSDB.version}`,
      pins: SECANTUSDB,
      install: (into, tell) => installWheels(into, 'SecantusDB', SECANTUSDB.packages, tell),
    },
    log,
  );
  return join(folder, 'venv', 'bin', 'secantusd-py');
}

async function rustServer(log: Log): Promise<string> {
  const install = (into: string, tell: Log): Promise<void> => installRust(into, SECANTUS_RUST, tell);
  const folder = await installed({ ...RUST, install }, log);
  return join(folder, 'bin', SECANTUS_RUST.program);
}
