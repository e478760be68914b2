import type { Command } from 'commander';
import { onRecord, wholeNumber, withRecord, type CommonOptions, type Work } from '../command-line.ts';
import { EXIT, unavailable, type ExitCode } from '../exit.ts';
import { catchUp } from '../import/catch-up.ts';
import { importFiles, nothingYet, placeOf, type Imported } from '../import/import-files.ts';
import { importProgress } from '../import/import-progress.ts';
import { sourceFiles, type SourceFile } from '../import/source-files.ts';
import { count, counted, seconds, table, type Terminal } from '../terminal.ts';

const DOCUMENT_BYTES = 256 * 1024 * 1024;
const GROUP_LINES = 100;
const GROUP_BYTES = 2 * 1024 * 1024;
const SHOWN = 50;
/** Milliseconds. */
const LEAST_CATCHING_UP = 60_000;

interface ImportCommandOptions extends CommonOptions {
  readonly parallel: number;
  readonly patience: number;
}

export function addImport(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  withRecord(program.command('import'), 'integration')
    .description('Store FHIR bundles and NDJSON, from files, folders or - (standard input), also gzip.')
    .argument('<paths...>', 'files, folders, or - for the standard input')
    .option('--parallel <n>', 'requests under way at once', wholeNumber('--parallel', 1, 64), 4)
    .option(
      '--patience <seconds>',
      'how long to try again when the record is overloaded or gone',
      wholeNumber('--patience', 0, 86_400),
      60,
    )
    .addHelpText(
      'after',
      `
Files whose names say hospital, practitioner, organization or location go first. What is sent carries a key made from
its content: run the same import again after an interruption, and nothing is stored twice. A bad file or line is named
with its reason, the rest go on, and the exit code is 1.`,
    )
    .action(async (paths: string[], options: ImportCommandOptions) => {
      const files = await sourceFiles(paths);
      const how = { connections: options.parallel + 1, makes: true };
      exit(await onRecord(terminal, options, (work) => run(work, files, options), how));
    });
}

async function run(work: Work, files: readonly SourceFile[], options: ImportCommandOptions): Promise<ExitCode> {
  const { client } = work.connection;
  const started = performance.now();
  const imported = await sent(work, files, options);
  const storing = performance.now() - started;
  const patience = Math.max(options.patience * 1_000, LEAST_CATCHING_UP);
  const behind = imported.resources > 0 ? await catchUp(client, patience) : undefined;
  work.output.result(valueOf(imported, storing, behind, client.position), printed(imported, storing, behind));
  if (behind === undefined && imported.resources > 0)
    throw unavailable('What is stored is safe, but searches have not caught up with it yet');
  return imported.problemCount > 0 ? EXIT.failed : EXIT.done;
}

async function sent(work: Work, files: readonly SourceFile[], options: ImportCommandOptions): Promise<Imported> {
  const imported = nothingYet();
  const total = { files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  const progress = importProgress(work.terminal, total);
  const limits = { document: DOCUMENT_BYTES, groupLines: GROUP_LINES, groupBytes: GROUP_BYTES };
  const { parallel, patience } = options;
  const how = { ...limits, parallel, patience: patience * 1_000, stdin: work.terminal.stdin };
  try {
    await importFiles(work.connection.client, files, how, imported, progress).finally(() => progress.stop());
    return imported;
  } catch (error) {
    // There will be no result to name them in.
    for (const problem of imported.problems) work.output.note(`${placeOf(problem)}: ${problem.reason}`);
    throw error;
  }
}

/** `behind`: the milliseconds until searches had caught up; undefined when they had not, or nothing was stored. */
function valueOf(imported: Imported, storing: number, behind: number | undefined, position: number) {
  return {
    files: imported.files,
    resources: imported.resources,
    seconds: round(storing / 1_000),
    resourcesPerSecond: Math.round(rateOf(imported, storing)),
    caughtUpSeconds: behind === undefined ? null : round(behind / 1_000),
    position,
    retries: imported.retries,
    problemCount: imported.problemCount,
    problems: imported.problems,
  };
}

function printed(imported: Imported, storing: number, behind: number | undefined): string {
  const { resources, problems, problemCount } = imported;
  const files = counted(imported.files, 'file');
  const took = `${seconds(storing)}, ${count(rateOf(imported, storing))}/s`;
  // The record answers what was sent before as it did then: what is new, only the record knows.
  const lines =
    resources === 0
      ? [`Nothing of ${files} is stored`]
      : [
          `${counted(resources, 'resource')} of ${files} ${resources === 1 ? 'is' : 'are'} stored (${took}); what was sent before changed nothing`,
        ];
  if (behind !== undefined) lines.push(`searches caught up ${seconds(behind)} later`);
  if (problemCount > 0) {
    const rows = problems.slice(0, SHOWN).map((problem) => [placeOf(problem), problem.reason]);
    lines.push('', `${count(problemCount)} not stored:`, table(['where', 'why'], rows));
    if (problemCount > SHOWN) lines.push(`and ${count(problemCount - SHOWN)} more (--json lists them)`);
  }
  return lines.join('\n');
}

const rateOf = ({ resources }: Imported, storing: number): number => resources / Math.max(storing / 1_000, 0.001);
const round = (value: number): number => Math.round(value * 1_000) / 1_000;
