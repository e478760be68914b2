import type { Client } from '../client.ts';
import { BadFile } from './bad-file.ts';
import type { Measured } from './bounded-input.ts';
import { deliver } from './delivery.ts';
import type { ImportProgress } from './import-progress.ts';
import { parcelsOf, type Parcel, type ParcelOptions } from './parcels.ts';
import { waves, type SourceFile } from './source-files.ts';

export interface ImportOptions extends Omit<ParcelOptions, 'measured'> {
  /** How many requests are under way at once. */
  readonly parallel: number;
  readonly patience: number;
  readonly firstPause?: number;
}

export interface Problem {
  readonly file: string;
  /** Of NDJSON: the line. */
  readonly line?: number;
  /** Of a batch bundle: the entry, from 0. */
  readonly entry?: number;
  readonly reason: string;
}

export interface Imported {
  files: number;
  resources: number;
  retries: number;
  /** At most 1,000 are kept. */
  readonly problems: Problem[];
  problemCount: number;
}

interface Job {
  readonly file: SourceFile;
  readonly parcel: Parcel;
}

const PROBLEMS_KEPT = 1_000;

export const nothingYet = (): Imported => ({ files: 0, resources: 0, retries: 0, problems: [], problemCount: 0 });

/**
 * Sends all files, wave by wave; a bad file, or line of one, is set down and the rest go on. What became of it stands in
 * `done`, also when the import ends before its end.
 */
export async function importFiles(
  client: Client,
  files: readonly SourceFile[],
  options: ImportOptions,
  done: Imported,
  progress: ImportProgress,
): Promise<void> {
  const measured: Measured = { raw: 0, out: 0 };
  for (const wave of waves(files)) await importWave(client, wave, { ...options, measured }, done, progress);
}

async function importWave(
  client: Client,
  files: readonly SourceFile[],
  options: ImportOptions & { readonly measured: Measured },
  done: Imported,
  progress: ImportProgress,
): Promise<void> {
  const abort = new AbortController();
  const jobs = jobsOf(
    files,
    options,
    (problem) => report(done, problem),
    () => {
      done.files += 1;
      progress.fileDone();
    },
  );
  const work = async (): Promise<void> => {
    for (let next = await jobs.next(); next.done !== true; next = await jobs.next()) {
      const { file, parcel } = next.value;
      const delivered = await deliver(client, parcel, { ...options, signal: abort.signal });
      done.resources += delivered.stored;
      done.retries += delivered.retries;
      for (const { entry, reason } of delivered.refused) report(done, problemOf(file, parcel, entry, reason));
      progress.advance(delivered.stored, options.measured.raw);
    }
  };
  const workers = Array.from({ length: options.parallel }, () =>
    work().catch((error: unknown) => {
      if (!abort.signal.aborted) abort.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  await jobs.return(undefined);
  if (abort.signal.aborted) throw abort.signal.reason;
}

/** The parcels of all files, one file after another, made when a worker asks: what is ahead of the record is not in memory. */
async function* jobsOf(
  files: readonly SourceFile[],
  options: ParcelOptions,
  bad: (problem: Problem) => void,
  fileRead: () => void,
): AsyncGenerator<Job, void, undefined> {
  for (const file of files) {
    // Each file is measured by itself: the bound on swelling is a file's own.
    const measured: Measured = { raw: 0, out: 0 };
    let counted = 0;
    try {
      for await (const parcel of parcelsOf(file, { ...options, measured })) {
        options.measured.raw += measured.raw - counted;
        counted = measured.raw;
        if (parcel.bad === undefined) yield { file, parcel };
        else bad(problemOf(file, parcel, 0, parcel.bad));
      }
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      bad({ file: file.path, reason: error.message });
    }
    options.measured.raw += Math.max(file.bytes - counted, 0);
    fileRead();
  }
}

function problemOf({ path }: SourceFile, parcel: Parcel, entry: number | undefined, reason: string): Problem {
  if (entry === undefined) return { file: path, reason };
  const line = parcel.lines?.[entry];
  return line === undefined ? { file: path, entry, reason } : { file: path, line, reason };
}

function report(done: Imported, problem: Problem): void {
  done.problemCount += 1;
  if (done.problems.length < PROBLEMS_KEPT) done.problems.push(problem);
}

export function placeOf(problem: Problem): string {
  if (problem.line !== undefined) return `${problem.file}, line ${problem.line}`;
  return problem.entry === undefined ? problem.file : `${problem.file}, entry ${problem.entry}`;
}
