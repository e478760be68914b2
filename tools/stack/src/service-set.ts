import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '@anamnesis/identity';
import { cleanEnvironment } from './engines/programs.ts';
import type { Log } from './engines/log.ts';
import { nodeProgram } from './processes/node-program.ts';
import { Restartable, type Faulty } from './processes/restartable.ts';
import type { Ended, StartedProcess } from './processes/started-process.ts';
import { statusOf, untilReady } from './processes/until-ready.ts';
import { SERVICE_TABLE, settingsOf, type Instance, type Surroundings } from './services.ts';

const READY_LIMIT_MS = 180_000;
/** More than a service gives requests in flight. */
const STOP_LIMIT_MS = 30_000;
const LONGEST_PAUSE_MS = 30_000;

/** One process of a service. */
export interface ServiceProcess extends Faulty {
  readonly service: ServiceName;
  readonly number: number;
  readonly url: string;
  readonly logFile: string;
  readonly running: boolean;
}

export interface ServiceSetOptions {
  readonly instances: readonly Instance[];
  readonly around: Surroundings;
  readonly logFolder: string;
  readonly env: Readonly<Record<string, string>>;
  /** One that ends by itself is started again. */
  readonly restart: boolean;
  readonly log: Log;
}

/** The services' processes: started side by side, stopped from the front door inwards. */
export class ServiceSet {
  readonly #processes: readonly OneService[];
  readonly #options: ServiceSetOptions;
  /** How many ended by themselves. */
  deaths = 0;
  #stopping = false;

  constructor(options: ServiceSetOptions) {
    this.#options = options;
    this.#processes = options.instances.map((instance) => {
      const one: OneService = new OneService(instance, options, (ended, started) => this.#died(one, ended, started));
      return one;
    });
  }

  get all(): readonly ServiceProcess[] {
    return this.#processes;
  }

  async start(): Promise<void> {
    for (const { dataFolder } of this.#options.instances) await mkdir(dataFolder, { recursive: true, mode: 0o700 });
    const results = await Promise.allSettled(
      this.#processes.map(async (one) => {
        const since = performance.now();
        await one.start();
        this.#options.log(`${one.spec.name} is ready after ${((performance.now() - since) / 1000).toFixed(1)} s`);
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const front = (one: OneService): boolean => SERVICE_TABLE[one.service].front === true;
    await Promise.all(this.#processes.filter(front).map((one) => one.stop()));
    await Promise.all(this.#processes.filter((one) => !front(one)).map((one) => one.stop()));
  }

  #died(one: OneService, { code, signal }: Ended, started: StartedProcess): void {
    if (this.#stopping) return;
    this.deaths += 1;
    const how = signal === null ? `with exit code ${code ?? 'none'}` : `by ${signal}`;
    this.#options.log(`${one.spec.name} ended by itself, ${how}. Its log (${one.logFile}) ends:\n${started.logTail()}`);
    if (this.#options.restart) void this.#revive(one);
  }

  /** Tried again with longer and longer pauses. */
  async #revive(one: OneService): Promise<void> {
    for (let wait = 500; !this.#stopping; wait = Math.min(LONGEST_PAUSE_MS, wait * 2)) {
      await pause(wait, undefined, { ref: false });
      if (this.#stopping || one.running) return;
      try {
        await one.start();
        return this.#options.log(`${one.spec.name} is there again`);
      } catch (error) {
        if (!this.#stopping) this.#options.log((error as Error).message);
      }
    }
  }
}

class OneService extends Restartable implements ServiceProcess {
  readonly service: ServiceName;
  readonly number: number;
  readonly url: string;

  constructor(
    instance: Instance,
    { around, logFolder, env }: ServiceSetOptions,
    onDeath: (ended: Ended, started: StartedProcess) => void,
  ) {
    const { service, number, port } = instance;
    const name = `${service}-${number}`;
    const url = `http://127.0.0.1:${port}`;
    const settings = cleanEnvironment({ ...telemetryOf(process.env), ...settingsOf(instance, around), ...env });
    super(
      nodeProgram({ name, main: SERVICE_TABLE[service].main, env: settings, logFile: join(logFolder, `${name}.log`) }),
      {
        ready: (started) => {
          const serves = async (): Promise<boolean> => (await statusOf(`${url}/health/ready`)) === 200;
          return untilReady(started, serves, { limitMs: READY_LIMIT_MS, pauseMs: 250 });
        },
        stopLimitMs: STOP_LIMIT_MS,
        onDeath,
      },
    );
    this.service = service;
    this.number = number;
    this.url = url;
  }

  get logFile(): string {
    return this.spec.logFile;
  }
}

/** Telemetry is steered by the variables of its own specification, which pass through. */
function telemetryOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[0].startsWith('OTEL_') && entry[1] !== undefined,
    ),
  );
}
