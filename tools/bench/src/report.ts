import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Measured, Profile, Row } from './bench.ts';
import { mebibytes } from './format.ts';
import { QUICK, type Settings } from './settings.ts';

export type Reported =
  | { readonly row: Row; readonly measured: Measured; readonly cores?: ReadonlyMap<string, number> }
  | { readonly row: Row; readonly skipped: string }
  | { readonly row: Row; readonly failed: string };

export function machine(): string {
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${mebibytes(totalmem())}, Node ${process.version}, ${process.platform}`;
}

export interface Measuring {
  readonly settings: Settings;
  readonly profile: Profile;
}

/** The figures for people: each row with its bar, then what each was measured on. */
export function printed(rows: readonly Reported[], { settings, profile }: Measuring): string {
  const width = Math.max(...rows.map(({ row }) => row.name.length));
  const lines = rows.flatMap((each) => [
    `${each.row.name.padEnd(width)}  ${each.row.what}`,
    `${' '.repeat(width)}  bar:    ${each.row.bar}${profile === 'cluster' && each.row.clusterOnly === undefined ? ' (of the embedded profile)' : ''}`,
    `${' '.repeat(width)}  figure: ${figureOf(each)}`,
    ...('measured' in each ? [`${' '.repeat(width)}  on:     ${each.measured.on}`] : []),
    ...('cores' in each ? [`${' '.repeat(width)}  cores:  ${shares(each.cores)}`] : []),
    '',
  ]);
  const small =
    settings.runs === QUICK.runs ? ['A quick run: it shows that everything works, and its figures say little.'] : [];
  const where = `The ${profile} profile on: ${machine()}; load generator and server share it.`;
  return [where, ...small, '', ...lines].join('\n');
}

export function asJson(rows: readonly Reported[], { settings, profile }: Measuring): object {
  return {
    profile,
    machine: machine(),
    quick: settings.runs === QUICK.runs,
    rows: rows.map((each) => ({
      name: each.row.name,
      what: each.row.what,
      bar: each.row.bar,
      ...('cores' in each && { cores: Object.fromEntries(each.cores) }),
      ...('measured' in each ? each.measured : 'skipped' in each ? { skipped: each.skipped } : { failed: each.failed }),
    })),
  };
}

/** Cores of each process while the row was measured, with all that the row did; what took no part is left out. */
const shares = (cores: ReadonlyMap<string, number>): string =>
  [...cores]
    .filter(([, used]) => used >= 0.01)
    .map(([name, used]) => `${name} ${used.toFixed(2)}`)
    .join(', ');

export function figureOf(reported: Reported): string {
  if ('skipped' in reported) return `not measured: ${reported.skipped}`;
  if ('failed' in reported) return `NOT MEASURED: ${reported.failed}`;
  return `${reported.measured.figure}  (${reported.measured.reached ? 'reached' : 'NOT reached'})`;
}
