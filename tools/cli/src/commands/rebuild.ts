import type { Command } from 'commander';
import { onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { failed } from '../exit.ts';
import { followProgress, type ProgressLine } from '../follow-progress.ts';
import { readModels } from '../read-models.ts';
import { count, counted, seconds, type Terminal } from '../terminal.ts';

export function addRebuild(program: Command, terminal: Terminal): void {
  withRecord(program.command('rebuild'), 'operator')
    .description('Build a read model (or all) anew from the log, beside the one that serves, and swap it in.')
    .argument('[model]', 'which one; default: all')
    .action((wanted: string | undefined, options: CommonOptions) =>
      onRecord(terminal, options, async ({ connection: { client }, output }) => {
        const known = (await readModels(client)).map(({ model }) => model);
        if (wanted !== undefined && !known.includes(wanted))
          throw failed(`There is no such read model; there are: ${known.join(', ')}`);
        const rebuilt: { model: string; positions: number; seconds: number; positionsPerSecond: number }[] = [];
        for (const model of wanted === undefined ? known : [wanted]) {
          const started = performance.now();
          const lines = client.lines<ProgressLine>(`/admin/projections/${encodeURIComponent(model)}/rebuild`, {
            method: 'POST',
          });
          const { done: positions } = await followProgress(terminal, model, lines);
          const took = performance.now() - started;
          rebuilt.push({
            model,
            positions,
            seconds: took / 1_000,
            positionsPerSecond: Math.round((positions / took) * 1_000),
          });
        }
        const told = rebuilt.map(
          (each) =>
            `${each.model}: rebuilt in ${seconds(each.seconds * 1_000)} (${counted(each.positions, 'position')} of the log, ${count(each.positionsPerSecond)}/s)`,
        );
        output.result(rebuilt, told.join('\n'));
      }),
    );
}
