import type { CaseName } from './case-names.ts';

export interface CaseReport {
  readonly name: CaseName;
  /** From 1: the how-manieth time that the cases are gone through. */
  readonly cycle: number;
  readonly acknowledged: number;
  /** Of which the fault, and the checks after it. */
  readonly seconds: { readonly all: number; readonly fault: number; readonly checks: number };
  readonly failures: readonly string[];
}

export interface ClusterReport {
  readonly seed: string;
  readonly short: boolean;
  readonly instances: number;
  readonly cases: readonly CaseReport[];
  readonly acknowledged: number;
  /** Requests that had no answer, and were sent again. */
  readonly unanswered: number;
  readonly reads: number;
  /** Versions that the settled record holds. */
  readonly versions: number;
  readonly seconds: number;
  /** Services that ended without having been killed. */
  readonly deaths: number;
  /** All of them, those of the cases included. */
  readonly failures: readonly string[];
  /** The stack's folder, with the logs of every process, of a run that failed. */
  readonly kept?: string;
}

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

export function caseText({ name, cycle, acknowledged, seconds, failures }: CaseReport): string {
  const how = failures.length === 0 ? 'held' : 'FAILED';
  return (
    `${name} (cycle ${cycle}): ${how}, ${number(acknowledged)} writes acknowledged in ${number(seconds.all)} s ` +
    `(fault ${number(seconds.fault)} s, checks ${number(seconds.checks)} s)`
  );
}

export function clusterText(report: ClusterReport, listed: (failures: readonly string[]) => string): string {
  const { cases, acknowledged, unanswered, reads, versions, seconds, failures, kept, seed, short, instances } = report;
  const head =
    `cluster: ${number(cases.length)} faults in ${number(seconds)} s, ${number(acknowledged)} writes acknowledged, ` +
    `${number(unanswered)} asked again, ${number(reads)} reads, ${number(versions)} versions; ` +
    `${failures.length === 0 ? 'all held' : 'FAILED'}\n`;
  const rows = cases.map((one) => `  ${caseText(one)}\n`).join('');
  if (failures.length === 0) return head + rows;
  const failed = [...new Set(cases.filter((one) => one.failures.length > 0).map(({ name }) => name))];
  const again = [
    '--profile cluster',
    ...(failed.length > 0 ? [`--cases ${failed.join(',')}`] : []),
    `--seed ${seed}`,
    ...(short ? ['--short'] : []),
    ...(instances > 1 ? [`--instances ${instances}`] : []),
  ];
  return (
    `${head}${rows}${listed(failures)}` +
    (kept === undefined ? '' : `  folder of the stack, with the log of every process: ${kept}\n`) +
    `  the same faults and requests: npm run test:reliability -- ${again.join(' ')}\n` +
    '  (where in the work of a service a fault falls is not in the hand of the seed: repeat it, or look into the folder)\n'
  );
}
