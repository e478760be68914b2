import type { Command } from 'commander';
import { dataFolderOf, onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { usage } from '../exit.ts';
import { exportEventStore, exportLog } from '../export/export-log.ts';
import { exportResources, type Exported } from '../export/export-resources.ts';
import { count, counted, outputOn, seconds, table, type Terminal } from '../terminal.ts';

interface ExportOptions extends CommonOptions {
  readonly to?: string;
  readonly types?: string;
  readonly history?: boolean;
  readonly gzip?: boolean;
  readonly log?: string;
  readonly eventStore?: string;
}

export function addExport(program: Command, terminal: Terminal): void {
  withRecord(program.command('export'), 'compliance-officer')
    .description('Write every resource as NDJSON, one file a type; or the raw log, for verification elsewhere.')
    .option('--to <folder>', 'the folder to write to, made if it is not there; - writes all to stdout')
    .option('--types <names>', 'only these types, separated by commas')
    .option('--history', 'every version, as entries of a history Bundle, instead of the present state')
    .option('--gzip', 'compress each file')
    .option('--log <file>', 'write the sealed log of the data folder instead (.gz compresses); for audit verify --log')
    .option('--event-store <uri>', "with --log: the log in this EventStoreDB, instead of the data folder's")
    .addHelpText(
      'after',
      '\nWhat is written holds patient data in clear text (but for --log): the files are readable by you alone.',
    )
    .action(async (options: ExportOptions) => {
      if (options.eventStore !== undefined && options.log === undefined) throw usage('--event-store goes with --log');
      if ((options.to === undefined) === (options.log === undefined)) throw usage('Give either --to or --log');
      if (options.log !== undefined) return writeLogFile(terminal, options, options.log);
      if (options.to === '-' && options.json === true) throw usage('--to - and --json both want stdout');
      await onRecord(terminal, options, async ({ connection, output }) => {
        const started = performance.now();
        const exported = await exportResources(connection.client, terminal, {
          to: options.to!,
          history: options.history === true,
          gzip: options.gzip === true,
          ...(options.types === undefined ? {} : { types: options.types.split(',').map((type) => type.trim()) }),
        });
        if (options.to !== '-') output.result(exported, told(exported, performance.now() - started));
      });
    });
}

async function writeLogFile(terminal: Terminal, options: ExportOptions, file: string): Promise<void> {
  const started = performance.now();
  const { events } = await (options.eventStore === undefined
    ? exportLog(dataFolderOf(options, terminal), file)
    : exportEventStore(options.eventStore, file));
  const took = performance.now() - started;
  outputOn(terminal, options.json === true).result(
    { file, events },
    `${counted(events, 'event')} written to ${file} in ${seconds(took)}`,
  );
}

function told(exported: readonly Exported[], took: number): string {
  const total = exported.reduce((sum, { resources }) => sum + resources, 0);
  const rows = exported.map(({ type, resources, file }) => [type, count(resources), file]);
  return `${counted(total, 'resource')} written in ${seconds(took)}\n\n${table(['type', 'resources', 'file'], rows)}`;
}
