import { rm } from 'node:fs/promises';
import { scratchFolder } from '../scratch-folder.ts';
import { realParts, type Parts } from './parts.ts';
import { planOf } from './plan.ts';
import { runCase, type CaseReport } from './run-case.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  /** The cases' seeds. */
  readonly seeds: Iterable<string>;
  readonly parts?: Parts;
  /** Cases that fail before no more are run; default 3. */
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

/** Runs case after case; what a case does and finds depends on its own seed alone. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationReport> {
  const { seeds, parts = realParts, failures = 3, onCase } = options;
  const started = performance.now();
  const root = await scratchFolder('simulation');
  const failed: CaseReport[] = [];
  let done = 0;
  let world: World | undefined;
  try {
    for (const seed of seeds) {
      if (done % CASES_OF_A_WORLD === 0) {
        await world?.close();
        world = await World.open(`${root}/${done}`);
      }
      const report = await runCase(planOf(seed), world!, parts);
      done += 1;
      if (report.failures.length > 0) failed.push(report);
      onCase?.(report, done);
      if (failed.length >= failures) break;
    }
  } finally {
    await world?.close();
    await rm(root, { recursive: true, force: true });
  }
  return { seeds: done, seconds: (performance.now() - started) / 1_000, failed };
}
