import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { residentBytes } from './resident-bytes.ts';

const LOADER = fileURLToPath(new URL('../../typescript.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../../services/all-in-one/src/main.ts', import.meta.url));
const SAMPLE_EVERY = 200;

/** A record in a process of its own, as it is run in earnest, on a folder. */
export interface RecordProcess {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to ready. */
  readonly startedIn: number;
  /** The most memory that was resident so far, in bytes. */
  peakResident(): number;
  /** Why it is not there any more, when nobody stopped it. */
  endedByItself(): string | undefined;
  stop(): Promise<void>;
}

/** Starts it and waits until it is ready. Throws with the end of its log when it stops or takes longer than `patience`. */
export async function startRecordProcess(
  dataFolder: string,
  logFile: string,
  patience = 120_000,
): Promise<RecordProcess> {
  const log = openSync(logFile, 'a', 0o600);
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', LOADER, MAIN], {
    env: { ...withoutSettings(process.env), ANAMNESIS_DATA: dataFolder, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let url: string;
  try {
    url = await readyAt(child, dataFolder, started + patience);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${(error as Error).message}. Its log ends: ${endOf(logFile)}`, {
      cause: error,
    });
  }
  const startedIn = performance.now() - started;

  let peak = 0;
  const sample = (): void => {
    if (child.exitCode === null && child.signalCode === null) peak = Math.max(peak, residentBytes(child.pid!));
  };
  const sampling = setInterval(sample, SAMPLE_EVERY);
  let stopped = false;
  return {
    url,
    pid: child.pid!,
    startedIn,
    peakResident: () => (sample(), peak),
    endedByItself: () => {
      if (stopped || (child.exitCode === null && child.signalCode === null)) return undefined;
      return `the record ended by itself (${child.signalCode ?? child.exitCode}); its log ends: ${endOf(logFile)}`;
    },
    stop: async () => {
      stopped = true;
      sample();
      clearInterval(sampling);
      child.kill('SIGTERM');
      const gone = await Promise.race([exited.then(() => true), wait(30_000, false, { ref: false })]);
      if (!gone) child.kill('SIGKILL');
      await exited;
    },
  };
}

const endOf = (file: string): string => readFileSync(file, 'utf8').slice(-2_000).trim();

/** What the shell is set to must not bear on the figures. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(ANAMNESIS_|OTEL_|PUBLIC_URL$|NODE_OPTIONS$)/.test(name)),
  );
}

async function readyAt(child: ChildProcess, dataFolder: string, deadline: number): Promise<string> {
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('The record stopped at its start');
    const url = announced(dataFolder, child.pid!);
    if (url !== undefined && (await isReady(url))) return url;
    await wait(10);
  }
  throw new Error('The record was not ready in time');
}

function announced(dataFolder: string, pid: number): string | undefined {
  try {
    const said = JSON.parse(readFileSync(join(dataFolder, 'server.json'), 'utf8')) as { url?: string; pid?: number };
    return said.pid === pid ? said.url : undefined; // another pid: left by a process that is gone
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
