import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Terminal } from '../terminal.ts';

export function addBench(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  program
    .command('bench')
    .description('Measure this machine: every figure that the record is held to, with its bar.')
    .helpOption(false)
    .allowUnknownOption()
    .argument('[options...]', 'as of `npm run bench`')
    .action(async (args: string[]) => {
      const { runBench } = await import('@anamnesis/bench');
      const code = await runBench(args, terminal);
      exit(code === 0 ? EXIT.done : code === 2 ? EXIT.usage : EXIT.failed);
    });
}
