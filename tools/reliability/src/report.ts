import type { KillReport } from './kill/run-kill.ts';
import type { SimulationReport } from './simulation/run-simulation.ts';

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

export function simulationText({ seeds, seconds, failed }: SimulationReport): string {
  const head = `simulation: ${number(seeds)} cases in ${number(seconds)} s (${number(seeds / seconds)}/s), ${failed.length} failed\n`;
  return failed.reduce(
    (text, { seed, failures }) =>
      `${text}  case ${seed}\n${listed(failures)}    replay: npm run test:reliability -- --only simulation --seeds 1 --seed ${seed}\n`,
    head,
  );
}

export function killText(report: KillReport): string {
  const { seed, cycles, killedAtStart, acknowledged, unanswered, reads, versions, seconds, failures, skipped, kept } =
    report;
  const head =
    `kill: ${number(cycles)} kills (${killedAtStart} at the start) in ${number(seconds)} s, ` +
    `${number(acknowledged)} writes acknowledged, ${number(unanswered)} asked again, ${number(reads)} reads, ` +
    `${number(versions)} versions; ${failures.length === 0 ? 'all held' : 'FAILED'}\n`;
  const notDone = skipped.map((what) => `  not checked: ${what}\n`).join('');
  if (failures.length === 0) return head + notDone;
  return (
    `${head}${listed(failures)}${notDone}  data folder and log of the run: ${kept}\n` +
    `  the same requests and moments: npm run test:reliability -- --only kill --cycles ${Math.max(1, cycles)} --seed ${seed}\n` +
    `  (where in the record's work a kill falls is not in the seed's hand: repeat it, or look into the folder)\n`
  );
}

const MOST_LISTED = 20;

export function listed(failures: readonly string[]): string {
  const rest = failures.length - MOST_LISTED;
  const lines = failures.slice(0, MOST_LISTED).map((failure) => `    - ${failure}\n`);
  return lines.join('') + (rest > 0 ? `    - and ${rest} more\n` : '');
}
