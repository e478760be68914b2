import type { Command } from 'commander';
import { onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { followProgress, type ProgressLine } from '../follow-progress.ts';
import { counted, type Terminal } from '../terminal.ts';

export function addKeys(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('The keys that seal the record.');
  withRecord(keys.command('rotate'), 'operator')
    .description('Make a new key-encryption key and rewrap every data key under it. Touches no event.')
    .action((options: CommonOptions) =>
      onRecord(terminal, options, async ({ connection: { client }, output }) => {
        const lines = client.lines<ProgressLine>('/admin/keys/rotate', { method: 'POST' });
        const { last } = await followProgress(terminal, 'rewrapping', lines);
        const { version, rewrapped } = last as { version?: number; rewrapped?: number };
        output.result(
          last,
          `Version ${version ?? '?'} of the key-encryption key; ${counted(rewrapped ?? 0, 'data key')} rewrapped.`,
        );
      }),
    );
}
