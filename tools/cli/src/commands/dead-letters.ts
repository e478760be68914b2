import type { Command } from 'commander';
import { onRecord, withRecord, wholeNumber, type CommonOptions } from '../command-line.ts';
import { EXIT, usage, type ExitCode } from '../exit.ts';
import { count, counted, table, type Terminal } from '../terminal.ts';

interface Letter {
  readonly id: string;
  readonly group: string;
  readonly lane: string;
  readonly reason: string;
  readonly at: number;
  readonly position: number;
  readonly type: string;
}

interface ListOptions extends CommonOptions {
  readonly group?: string;
  readonly limit: number;
}

interface ReplayOptions extends CommonOptions {
  readonly all?: boolean;
}

export function addDeadLetters(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  const letters = program
    .command('dead-letters')
    .description('Events that a consumer of the bus could not take (cluster profile).');
  withRecord(letters.command('list'), 'operator')
    .description('What was set aside, and why. Exit code 1 when there is anything.')
    .option('--group <name>', 'only those of this consumer')
    .option('--limit <n>', 'at most so many', wholeNumber('--limit', 1, 10_000), 100)
    .action((options: ListOptions) =>
      onRecord(terminal, options, async ({ connection, output }) => {
        const query = new URLSearchParams({ limit: String(options.limit) });
        if (options.group !== undefined) query.set('group', options.group);
        const found = await connection.client.json<readonly Letter[]>(`/admin/dead-letters?${query}`);
        const rows = found.map(({ id, group, lane, position, type, at, reason }) => [
          id,
          group,
          lane,
          count(position),
          type,
          new Date(at).toISOString(),
          reason,
        ]);
        const text =
          found.length === 0
            ? 'There are no dead letters.'
            : table(['id', 'group', 'lane', 'position', 'type', 'since', 'reason'], rows);
        output.result(found, text);
        exit(found.length === 0 ? EXIT.done : EXIT.failed);
      }),
    );
  withRecord(letters.command('replay'), 'operator')
    .description('Hand letters to their consumer again, when what kept it from them was mended.')
    .argument('[ids...]', 'the letters, by their ids')
    .option('--all', 'every one there is')
    .action((ids: readonly string[], options: ReplayOptions) => {
      if ((options.all === true) === ids.length > 0) throw usage('Give either ids or --all');
      return onRecord(terminal, options, async ({ connection, output }) => {
        const body = options.all === true ? { all: true } : { ids };
        const done = await connection.client.json<{ replayed: number }>('/admin/dead-letters/replay', {
          method: 'POST',
          body: JSON.stringify(body),
        });
        output.result(done, `${counted(done.replayed, 'letter')} handed on again`);
      });
    });
}
