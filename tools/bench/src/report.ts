import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Measured, Row } from './bench.ts';
import { mebibytes } from './format.ts';
import { QUICK, type Settings } from './settings.ts';

export type Reported =
  | { readonly row: Row; readonly measured: Measured }
  | { readonly row: Row; readonly skipped: string }
  | { readonly row: Row; readonly failed: string };

export function machine(): string {
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${mebibytes(totalmem())}, Node ${process.version}, ${process.platform}`;
}

/** The figures for people: each row with its bar, then what each was measured on. */
export function printed(rows: readonly Reported[], settings: Settings): string {
  const width = Math.max(...rows.map(({ row }) => row.name.length));
  const lines = rows.flatMap((each) => [
    `${each.row.name.padEnd(width)}  ${each.row.what}`,
    `${' '.repeat(width)}  bar:    ${each.row.bar}`,
    `${' '.repeat(width)}  figure: ${figureOf(each)}`,
    ...('measured' in each ? [`${' '.repeat(width)}  on:     ${each.measured.on}`] : []),
    '',
  ]);
  const small =
    settings.runs === QUICK.runs ? ['A quick run: it shows that everything works, and its figures say little.'] : [];
  return [`Machine: ${machine()}; load generator and server share it.`, ...small, '', ...lines].join('\n');
}

export function asJson(rows: readonly Reported[], settings: Settings): object {
  return {
    machine: machine(),
    quick: settings.runs === QUICK.runs,
    rows: rows.map((each) => ({
      name: each.row.name,
      what: each.row.what,
      bar: each.row.bar,
      ...('measured' in each ? each.measured : 'skipped' in each ? { skipped: each.skipped } : { failed: each.failed }),
    })),
  };
}

export function figureOf(reported: Reported): string {
  if ('skipped' in reported) return `not measured: ${reported.skipped}`;
  if ('failed' in reported) return `NOT MEASURED: ${reported.failed}`;
  return `${reported.measured.figure}  (${reported.measured.reached ? 'reached' : 'NOT reached'})`;
}
