import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { forget, guard } from './watchdog.ts';

export interface ProcessSpec {
  /** What messages call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** What it prints is appended here. */
  readonly logFile: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long a process that was told to end has before it is killed. */
export const STOP_LIMIT_MS = 15_000;
const TAIL_BYTES = 2_000;

const running = new Set<StartedProcess>();

/** Ends every process that this one started, at once: whoever waits for one of them learns that it ended. */
export function killAllStarted(): void {
  for (const one of running) one.signal('SIGKILL');
}

/**
 * A child process in a group of its own: a signal reaches whatever it started, Ctrl-C in the terminal does not reach
 * it (so things are stopped in order), and it never outlives this process.
 */
export class StartedProcess {
  readonly spec: ProcessSpec;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #end: Ended | undefined;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
    const log = openSync(spec.logFile, 'a', 0o600);
    this.#child = spawn(spec.command, spec.args, {
      ...(spec.cwd !== undefined && { cwd: spec.cwd }),
      env: spec.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    if (this.#child.pid !== undefined) guard(this.#child.pid);
    running.add(this);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.signal('SIGKILL'); // what it left behind in its group
        if (this.#child.pid !== undefined) forget(this.#child.pid);
        running.delete(this);
        this.#end = { code, signal };
        resolve(this.#end);
      };
      this.#child.once('exit', end);
      this.#child.once('error', () => end(null, null)); // it could not be started
    });
  }

  /** The number of the process; 0 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#end === undefined;
  }

  /** Sends a signal to the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone already
    }
  }

  /** SIGTERM, and SIGKILL if it has not ended after `limitMs`; how it ended. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<Ended> {
    if (this.running) this.signal('SIGTERM');
    if (this.running) this.signal('SIGCONT'); // a stopped process acts on nothing else
    const late = setTimeout(() => this.signal('SIGKILL'), limitMs);
    const ended = await this.ended;
    clearTimeout(late);
    return ended;
  }

  async kill(): Promise<void> {
    if (this.running) this.signal('SIGKILL');
    await this.ended;
  }

  /** The end of its log file. */
  logTail(): string {
    return readFileSync(this.spec.logFile, 'utf8').slice(-TAIL_BYTES);
  }
}
