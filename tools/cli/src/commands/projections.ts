import type { Command } from 'commander';
import { onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { isSound, readModels } from '../read-models.ts';
import { count, table, type Terminal } from '../terminal.ts';

export function addProjections(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  withRecord(program.command('projections'), 'operator')
    .description('How far each read model is, and what it could not take. Exit code 1 when one has stopped or skipped.')
    .action((options: CommonOptions) =>
      onRecord(terminal, options, async ({ connection, output }) => {
        const models = await readModels(connection.client);
        const rows = models.map((model) => [
          model.model,
          model.reason === undefined ? model.state : `${model.state} (${model.reason})`,
          count(model.position),
          count(model.lag),
          count(model.poisonCount),
          model.rebuilding === undefined ? '' : `${count(model.rebuilding.done)} of ${count(model.rebuilding.total)}`,
        ]);
        output.result(models, table(['model', 'state', 'position', 'behind', 'poison', 'rebuilding'], rows));
        exit(models.every(isSound) ? EXIT.done : EXIT.failed);
      }),
    );
}
