import type { Command } from 'commander';
import { onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { readModels } from '../read-models.ts';
import { count, table, type Terminal } from '../terminal.ts';

export function addProjections(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  withRecord(program.command('projections'), 'operator')
    .description('How far each read model is, and what it could not take. Exit code 1 when one has stopped or skipped.')
    .action((options: CommonOptions) =>
      onRecord(terminal, options, async ({ connection, output }) => {
        const models = await readModels(connection.client);
        const rows = models.map((model) => [
          model.model,
          count(model.position),
          count(Math.max(model.head - model.position, 0)),
          model.poison.length === 0 ? '' : count(model.poison.length),
          model.state,
        ]);
        output.result(models, table(['model', 'position', 'behind', 'poison', 'state'], rows));
        const sound = models.every((model) => model.poison.length === 0 && model.state !== 'failed');
        exit(sound ? EXIT.done : EXIT.failed);
      }),
    );
}
