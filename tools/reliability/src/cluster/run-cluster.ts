import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack, type Stack } from '@anamnesis/stack';
import { drawFrom, type Draw } from '@anamnesis/testing';
import { Acknowledged } from '../kill/acknowledged.ts';
import { Crowd } from '../kill/crowd.ts';
import { CASES, type CaseName } from './case-names.ts';
import { caseText, type CaseReport, type ClusterReport } from './cluster-report.ts';
import { faultOf } from './faults.ts';
import { Field } from './field.ts';
import { Replays } from './replays.ts';
import { Settled } from './settled.ts';
import { stackTokens } from './stack-tokens.ts';

export interface ClusterOptions {
  readonly seed: string;
  readonly cases: readonly CaseName[];
  /** How often all cases are gone through; until `minutes` are over, when these are given. */
  readonly cycles: number;
  readonly minutes?: number;
  /** Outages last a third as long. */
  readonly short: boolean;
  /** Processes of each service; there are two relays in any case. */
  readonly instances?: number;
  readonly tell: (line: string) => void;
  /** Given up when this is aborted: what was started is stopped. */
  readonly signal?: AbortSignal;
}

const WRITERS = 6;
const REST_MS = 60;
/** No fault keeps a writer waiting for longer. */
const PATIENCE_MS = 180_000;
/** Writes acknowledged before a fault is made, and after it is over. */
const BEFORE = 10;
const AFTER = 15;
const CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;

/**
 * Starts the cluster profile, makes one fault after the other while writers are at work, and compares after each what
 * was acknowledged with what is there. The seed decides what is asked, in which order faults come, and their moments.
 */
export async function runCluster(options: ClusterOptions): Promise<ClusterReport> {
  const folder = await mkdtemp(join(tmpdir(), 'anamnesis-cluster-'));
  const tell = (line: string): void => {
    options.tell(line);
    // Beside the services' own logs, so that a run that failed can be read later.
    appendFileSync(join(folder, 'run.log'), `${new Date().toISOString()} ${line}\n`);
  };
  const run = new ClusterRun({ ...options, tell }, folder);
  const report = await run.run();
  if (report.failures.length > 0 && options.signal?.aborted !== true) return { ...report, kept: folder };
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  return report;
}

class ClusterRun {
  readonly #options: ClusterOptions;
  readonly #folder: string;
  readonly #acknowledged = new Acknowledged();
  readonly #cases: CaseReport[] = [];
  readonly #failures: string[] = [];
  #unanswered = 0;
  #reads = 0;
  #deaths = 0;

  constructor(options: ClusterOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
  }

  async run(): Promise<ClusterReport> {
    const started = performance.now();
    const { seed, short, instances = 1 } = this.#options;
    const stack = await this.#start();
    const field = this.#fieldOf(stack);
    try {
      await this.#faults(field);
    } catch (error) {
      this.#failures.push(messageOf(error));
    } finally {
      field.close();
      this.#deaths = stack.deaths();
      await stack.stop();
    }
    if (this.#deaths > 0) this.#failures.push(`${this.#deaths} services ended without having been killed`);
    return {
      seed,
      short,
      instances,
      cases: this.#cases,
      acknowledged: this.#acknowledged.writes,
      unanswered: this.#unanswered,
      reads: this.#reads,
      versions: this.#acknowledged.countOf('Patient') + this.#acknowledged.countOf('Observation'),
      seconds: (performance.now() - started) / 1_000,
      deaths: this.#deaths,
      failures: [...this.#cases.flatMap(({ failures }) => failures), ...this.#failures],
    };
  }

  async #start(): Promise<Stack> {
    const { instances = 1, tell, signal } = this.#options;
    const identity = join(this.#folder, 'identity');
    await mkdir(identity, { recursive: true });
    await mkdir(join(this.#folder, 'beside'), { recursive: true });
    return startStack({
      folder: this.#folder,
      passwordsFile: join(identity, 'demo-users.json'),
      instances,
      instancesOf: { relay: Math.max(2, instances) },
      env: { NODE_OPTIONS: `--import=${CLOCK}` },
      log: tell,
      ...(signal !== undefined && { signal }),
    });
  }

  #fieldOf(stack: Stack): Field {
    const { short, tell, signal } = this.#options;
    const { url, keycloak } = stack.addresses;
    const tokens = stackTokens({ url, keycloak, folder: this.#folder });
    return new Field({ stack, tokens, acknowledged: this.#acknowledged, short, tell, signal });
  }

  async #faults(field: Field): Promise<void> {
    const { cases, cycles, minutes, signal, seed } = this.#options;
    const settled = new Settled(field, join(this.#folder, 'beside'));
    const until = performance.now() + (minutes ?? 0) * 60_000;
    const more = (cycle: number): boolean => (minutes === undefined ? cycle <= cycles : performance.now() < until);
    for (let cycle = 1; more(cycle); cycle += 1) {
      const order = cycle === 1 ? cases : inOrder(cases, drawFrom('order', seed, cycle));
      for (const name of order) {
        // What was given up has not held.
        signal?.throwIfAborted();
        if (this.#cases.some(({ failures }) => failures.length > 0)) return;
        if (minutes !== undefined && performance.now() > until) break;
        await this.#fault(field, settled, name, cycle);
      }
    }
    this.#failures.push(...(await settled.allDifferences()));
  }

  async #fault(field: Field, settled: Settled, name: CaseName, cycle: number): Promise<void> {
    const { tell } = this.#options;
    const [began, since, before] = [performance.now(), new Date(), this.#acknowledged.writes];
    const failures: string[] = [];
    const [seed, replays] = [`${this.#options.seed}-${cycle}-${name}`, new Replays()];
    tell(`${name}: ${CASES[name]}`);
    const crowd = this.#crowd(seed, replays, (message) => failures.push(message));
    let faultOver = began;
    try {
      crowd.let(field.client, seed);
      await field.progress(BEFORE, 'before the fault');
      await faultOf(name)(field, drawFrom('fault', seed));
      await field.progress(AFTER, 'after the fault');
      await crowd.finish();
      faultOver = performance.now();
      failures.push(...(await settled.differences(crowd, replays, since)));
    } catch (error) {
      failures.push(messageOf(error));
    } finally {
      await crowd.end();
    }
    this.#unanswered += crowd.unanswered;
    this.#reads += crowd.reads.length;
    const now = performance.now();
    const seconds = { all: (now - began) / 1e3, fault: (faultOver - began) / 1e3, checks: (now - faultOver) / 1e3 };
    const acknowledged = this.#acknowledged.writes - before;
    const report = { name, cycle, acknowledged, seconds, failures: failures.map((one) => `${name}: ${one}`) };
    this.#cases.push(report);
    tell(caseText(report));
  }

  #crowd(seed: string, replays: Replays, failed: (message: string) => void): Crowd {
    return new Crowd({
      seed,
      writers: WRITERS,
      acknowledged: this.#acknowledged,
      failed,
      answered: (asked, answer) => replays.take({ asked, answer }),
      restMs: REST_MS,
      patienceMs: PATIENCE_MS,
    });
  }
}

/** In an order that is drawn, so that each fault follows on each. */
function inOrder(cases: readonly CaseName[], draw: Draw): readonly CaseName[] {
  return cases
    .map((name) => ({ name, at: draw.bits() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
