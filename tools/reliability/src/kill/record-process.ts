import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const MAIN = 'services/all-in-one/src/main.ts';
const PATIENCE_MS = 120_000;

/** A process of the record, as it is run in earnest, that can be killed at any moment. */
export interface RecordProcess {
  /** Resolves with its address when it is ready; rejects with the end of its log when it ends before that. */
  readonly ready: Promise<string>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code (null: it had to be killed). */
  stop(): Promise<number | null>;
}

/** Starts the record on a folder. What it prints is appended to `logFile`. */
export function startRecord(dataFolder: string, logFile: string): RecordProcess {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, ['--import', './tools/typescript.mjs', MAIN], {
    cwd: ROOT,
    env: {
      ...withoutSettings(process.env),
      ANAMNESIS_DATA: dataFolder,
      ANAMNESIS_LOG_LEVEL: 'warn',
      HOST: '127.0.0.1',
      PORT: '0',
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = whenReady(child, dataFolder).catch((error: unknown) => {
    const tail = readFileSync(logFile, 'utf8').slice(-2_000);
    throw new Error(`${(error as Error).message}. Its log ends:\n${tail}`, { cause: error });
  });
  ready.catch(() => undefined); // a process that is killed while it starts is nobody's error
  return {
    ready,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
      const code = await exited;
      clearTimeout(late);
      return code;
    },
  };
}

/** What the shell is set to must not bear on the run. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(ANAMNESIS_|OTEL_|PUBLIC_URL$|NODE_OPTIONS$|JEST_)/.test(name)),
  );
}

async function whenReady(child: ChildProcess, dataFolder: string): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('The record ended at its start');
    const url = announced(dataFolder, child.pid!);
    if (url !== undefined && (await isReady(url))) return url;
    await wait(10);
  }
  throw new Error('The record was not ready in time');
}

/** The address in `server.json`, if this very process wrote it. */
function announced(dataFolder: string, pid: number): string | undefined {
  try {
    const said = JSON.parse(readFileSync(join(dataFolder, 'server.json'), 'utf8')) as { url?: string; pid?: number };
    return said.pid === pid ? said.url : undefined;
  } catch {
    return undefined;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).status === 200;
  } catch {
    return false;
  }
}
