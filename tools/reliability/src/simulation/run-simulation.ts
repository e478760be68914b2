import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { scratchFolder } from '../scratch-folder.ts';
import { realParts, type Parts } from './parts.ts';
import { planOf } from './plan.ts';
import { runCase, type CaseReport } from './run-case.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  /** The cases' seeds. */
  readonly seeds: Iterable<string>;
  readonly parts?: Parts;
  /** After so many failed cases no more are run; default 3. */
  readonly failures?: number;
  readonly onCase?: (report: CaseReport, done: number) => void;
}

export interface SimulationReport {
  readonly seeds: number;
  readonly seconds: number;
  readonly failed: readonly CaseReport[];
}

/** A log grows with every case, and is given up for a new one after so many. */
const CASES_OF_A_WORLD = 200;
/** Worlds side by side: while one waits for its threads, another goes on. */
const WORLDS = 4;
/** A case takes milliseconds; one that takes so long (milliseconds) waits for what never comes. */
const PATIENCE_MS = 60_000;

/** Runs case after case; what a case does and finds depends on its own seed alone. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationReport> {
  const started = performance.now();
  const root = await scratchFolder('simulation');
  const run = new SimulationRun(options, root);
  try {
    await run.run();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return { seeds: run.done, seconds: (performance.now() - started) / 1_000, failed: run.failed };
}

class SimulationRun {
  readonly #seeds: Iterator<string>;
  readonly #parts: Parts;
  readonly #mostFailures: number;
  readonly #onCase: (report: CaseReport, done: number) => void;
  readonly #root: string;
  readonly failed: CaseReport[] = [];
  done = 0;
  #worlds = 0;

  constructor({ seeds, parts = realParts, failures = 3, onCase = () => undefined }: SimulationOptions, root: string) {
    this.#seeds = seeds[Symbol.iterator]();
    this.#parts = parts;
    this.#mostFailures = failures;
    this.#onCase = onCase;
    this.#root = root;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WORLDS }, () => this.#lane()));
  }

  async #lane(): Promise<void> {
    let world: World | undefined;
    try {
      for (let cases = 0; this.failed.length < this.#mostFailures; cases += 1) {
        const seed = this.#seeds.next();
        if (seed.done === true) return;
        if (cases % CASES_OF_A_WORLD === 0) {
          await world?.close();
          world = await World.open(join(this.#root, `world-${(this.#worlds += 1)}`));
        }
        this.#note(await this.#case(seed.value, world!));
      }
    } finally {
      await world?.close();
    }
  }

  /** A case that throws, or never ends, has failed. */
  async #case(seed: string, world: World): Promise<CaseReport> {
    const late = new AbortController();
    const failing = (what: string): CaseReport => ({ seed, failures: [what], trace: '' });
    const tooLong = wait(PATIENCE_MS, undefined, { signal: late.signal }).then(
      () => failing('the case does not come to its end'),
      () => failing(''),
    );
    try {
      return await Promise.race([runCase(planOf(seed), world, this.#parts), tooLong]);
    } catch (error) {
      return failing(`the case broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    } finally {
      late.abort();
    }
  }

  #note(report: CaseReport): void {
    this.done += 1;
    if (report.failures.length > 0) this.failed.push(report);
    this.#onCase(report, this.done);
  }
}
