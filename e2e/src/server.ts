import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * Where the suite finds the record, and the one place that knows how it is started.
 *
 * By default every spec file starts the embedded profile as a child process on a folder of its own. To run the suite
 * against a profile that runs already, name it:
 *
 *   ANAMNESIS_E2E_URL        its address
 *   ANAMNESIS_E2E_PASSWORDS  a JSON file: user names and their passwords, as `identity/demo-users.json` has them
 *
 * Specs that need a folder, a process or settings of their own say so by `outside`, and are skipped there.
 */
const { ANAMNESIS_E2E_URL: GIVEN_URL, ANAMNESIS_E2E_PASSWORDS: GIVEN_PASSWORDS } = process.env;

/** Whether the record under test was started by somebody else. */
export const outside = GIVEN_URL !== undefined;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = ['--import', './tools/typescript.mjs', 'services/all-in-one/src/main.ts'];
const READY = / is ready after /;
const START_LIMIT_MS = 60_000;

export interface ServerOptions {
  /** Settings beside the suite's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** The data folder; without one a new one is made, and removed at the end. */
  readonly folder?: string;
  /** The user that the process runs as; its own by default. */
  readonly uid?: number;
}

/** A record that runs. */
export class Server {
  readonly url: string;
  /** Its data folder; '' for a record that was started by somebody else. */
  readonly folder: string;
  readonly #child: ChildProcess | undefined;
  readonly #output: Buffer[];
  readonly #owned: boolean;

  constructor(url: string, folder: string, owned: boolean, child?: ChildProcess, output: Buffer[] = []) {
    this.url = url;
    this.folder = folder;
    this.#owned = owned;
    this.#child = child;
    this.#output = output;
  }

  /** Everything that the process wrote so far, both streams. */
  get output(): string {
    return Buffer.concat(this.#output).toString('utf8');
  }

  get running(): boolean {
    return this.#child === undefined || this.#child.exitCode === null;
  }

  async password(username: string): Promise<string> {
    const path = GIVEN_PASSWORDS ?? join(this.folder, 'identity', 'demo-users.json');
    return (JSON.parse(await readFile(path, 'utf8')) as Record<string, string>)[username] ?? '';
  }

  /** Ends the process in good order; the exit code. The folder goes unless it is kept or was given. */
  async stop(
    options: { readonly keep?: boolean; readonly signal?: 'SIGTERM' | 'SIGKILL' } = {},
  ): Promise<number | null> {
    const child = this.#child;
    const ended = child === undefined ? null : await endOf(child, options.signal ?? 'SIGTERM');
    if (this.#owned && !options.keep) await rm(this.folder, { recursive: true, force: true });
    return ended;
  }
}

/** Starts the embedded profile, or finds the one that was given; resolves when it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  if (GIVEN_URL !== undefined) return new Server(GIVEN_URL, '', false);
  const folder = options.folder ?? (await newFolder());
  const port = await freePort();
  const { child, output } = launch({ ...options, folder }, port);
  const server = new Server(`http://127.0.0.1:${port}`, folder, options.folder === undefined, child, output);
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(READY.test(server.output) && (await isReady(server.url)))) {
    if (!server.running || Date.now() > deadline) {
      await server.stop();
      throw new Error(`the record did not start: ${server.output}`);
    }
    await pause(50);
  }
  return server;
}

/** Runs a start that is to fail; its exit code and what it said. */
export async function runToEnd(
  options: ServerOptions & { readonly port?: number },
): Promise<{ code: number | null; output: string }> {
  const folder = options.folder ?? (await newFolder());
  const { child, output } = launch({ ...options, folder }, options.port ?? (await freePort()));
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  const code = await exitOf(child);
  clearTimeout(limit);
  if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  return { code, output: Buffer.concat(output).toString('utf8') };
}

/** A token that the CLI makes from the folder's keys, good for as long as `ttl` says (`90s`, `1h`). */
export async function mintedToken({ folder }: Server, as: string, ttl: string): Promise<string> {
  const args = ['--import', './tools/typescript.mjs', 'tools/cli/src/main.ts', 'token', '--as', as, '--ttl', ttl];
  const env = { ...process.env, ANAMNESIS_DATA: folder };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
  return stdout.trim();
}

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'anamnesis-e2e-'));

function launch({ env = {}, folder, uid }: ServerOptions & { folder: string }, port: number) {
  const settings = {
    HOST: '127.0.0.1',
    PORT: String(port),
    ANAMNESIS_DATA: folder,
    ANAMNESIS_LOG_LEVEL: 'warn',
    ANAMNESIS_TOKEN_TTL: '1h',
    ...env,
  };
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(ANAMNESIS_|OTEL_|NODE_OPTIONS|PUBLIC_URL)/.test(name),
  );
  const child = spawn(process.execPath, PROGRAM, {
    cwd: ROOT,
    env: { ...Object.fromEntries(kept), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return { child, output };
}

/** Waits for `/health/ready`; a record that is not there yet is not ready. */
async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

async function endOf(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  child.kill(signal);
  const code = await exitOf(child);
  clearTimeout(limit);
  return code;
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('close', (code) => resolve(code)));

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
