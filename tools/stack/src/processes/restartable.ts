import { STOP_LIMIT_MS, StartedProcess, type Ended, type ProcessSpec } from './started-process.ts';

/** What can be done to a process in a fault test. */
export interface Faulty {
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Ends it in good order if it runs, and starts it again on the same folder and port; resolves when it is ready. */
  restart(): Promise<void>;
}

export interface RestartableOptions {
  /** Resolves when it is ready to serve; rejects when it ended or took too long. */
  readonly ready: (started: StartedProcess) => Promise<void>;
  readonly stopLimitMs?: number;
  /** Told when it ends without having been told to. */
  readonly onDeath?: (ended: Ended, started: StartedProcess) => void;
}

/** A process with an address of its own that can be ended and started again. */
export class Restartable implements Faulty {
  readonly spec: ProcessSpec;
  readonly #options: RestartableOptions;
  #current: StartedProcess | undefined;
  /** The process whose end is ours. */
  #told: StartedProcess | undefined;

  constructor(spec: ProcessSpec, options: RestartableOptions) {
    this.spec = spec;
    this.#options = options;
  }

  get pid(): number {
    return this.#current?.pid ?? 0;
  }

  get running(): boolean {
    return this.#current?.running ?? false;
  }

  async start(): Promise<void> {
    const started = new StartedProcess(this.spec);
    this.#current = started;
    try {
      await this.#options.ready(started);
    } catch (error) {
      this.#told = started;
      await started.kill();
      throw error;
    }
    void started.ended.then((ended) => {
      if (this.#told !== started) this.#options.onDeath?.(ended, started);
    });
  }

  async kill(): Promise<void> {
    this.#told = this.#current;
    await this.#current?.kill();
  }

  pause(): void {
    this.#current?.signal('SIGSTOP');
  }

  resume(): void {
    this.#current?.signal('SIGCONT');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<Ended | undefined> {
    this.#told = this.#current;
    return this.#current?.stop(this.#options.stopLimitMs ?? STOP_LIMIT_MS);
  }
}

/** The part of a process that fault tests are given; it stays that of whichever process runs now. */
export function faultsOf(server: Restartable): Faulty {
  return {
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
  };
}
