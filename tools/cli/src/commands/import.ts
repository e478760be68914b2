import type { Command } from 'commander';
import { onRecord, wholeNumber, withRecord, type CommonOptions, type Work } from '../command-line.ts';
import { EXIT, unavailable, type ExitCode } from '../exit.ts';
import { catchUp } from '../import/catch-up.ts';
import { importFiles, placeOf, type Imported } from '../import/import-files.ts';
import { importProgress } from '../import/import-progress.ts';
import { sourceFiles, type SourceFile } from '../import/source-files.ts';
import { count, seconds, table, type Terminal } from '../terminal.ts';

const DOCUMENT_BYTES = 256 * 1024 * 1024;
const GROUP_LINES = 100;
const GROUP_BYTES = 2 * 1024 * 1024;
const SHOWN = 50;

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
      exit(await onRecord(terminal, options, (work) => run(work, files, options), options.parallel + 1));
    });
}

async function run(work: Work, files: readonly SourceFile[], options: ImportCommandOptions): Promise<ExitCode> {
  const { client } = work.connection;
  const started = performance.now();
  const total = { files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  const progress = importProgress(work.terminal, total);
  const imported = await importFiles(
    client,
    files,
    {
      parallel: options.parallel,
      patience: options.patience * 1_000,
      document: DOCUMENT_BYTES,
      groupLines: GROUP_LINES,
      groupBytes: GROUP_BYTES,
      stdin: work.terminal.stdin,
    },
    progress,
  ).finally(() => progress.stop());
  const storing = performance.now() - started;
  const behind = await catchUp(client, Math.max(options.patience * 1_000, 60_000));
  tell(work, imported, storing, behind);
  if (behind === undefined) throw unavailable('Everything is stored, but searches have not caught up with it yet');
  return imported.problemCount > 0 ? EXIT.failed : EXIT.done;
}

function tell(work: Work, imported: Imported, storing: number, behind: number | undefined): void {
  const rate = imported.resources / Math.max(storing / 1_000, 0.001);
  const value = {
    files: imported.files,
    resources: imported.resources,
    seconds: round(storing / 1_000),
    resourcesPerSecond: Math.round(rate),
    caughtUpSeconds: behind === undefined ? null : round(behind / 1_000),
    position: work.connection.client.position,
    retries: imported.retries,
    problemCount: imported.problemCount,
    problems: imported.problems,
  };
  const lines = [
    `${count(imported.resources)} resources of ${count(imported.files)} files stored in ${seconds(storing)} (${count(rate)}/s)`,
    ...(behind === undefined ? [] : [`searches caught up ${seconds(behind)} later`]),
  ];
  if (imported.problemCount > 0) {
    lines.push('', `${count(imported.problemCount)} not stored:`);
    lines.push(
      table(
        ['where', 'why'],
        imported.problems.slice(0, SHOWN).map((problem) => [placeOf(problem), problem.reason]),
      ),
    );
    if (imported.problemCount > SHOWN)
      lines.push(`and ${count(imported.problemCount - SHOWN)} more (--json lists them)`);
  }
  work.output.result(value, lines.join('\n'));
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
