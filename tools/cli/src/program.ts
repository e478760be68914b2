import { Command, CommanderError } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addBench } from './commands/bench.ts';
import { addChart } from './commands/chart.ts';
import { addErase } from './commands/erase.ts';
import { addExport } from './commands/export.ts';
import { addHold } from './commands/hold.ts';
import { addImport } from './commands/import.ts';
import { addKeys } from './commands/keys.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addProjections } from './commands/projections.ts';
import { addRebuild } from './commands/rebuild.ts';
import { addToken } from './commands/token.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** Runs one command line (without the program's own name) and says how it ended. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const exit = (with_: ExitCode): void => {
    code = with_;
  };
  const program = programOn(terminal, exit);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return ended(error, terminal);
  }
}

function programOn(terminal: Terminal, exit: (code: ExitCode) => void): Command {
  const program = new Command('anamnesis')
    .description('An event-sourced clinical record: store, ask, replay and prove.')
    .version(VERSION, '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
    })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText(
      'after',
      `
A command talks to the running server of the data folder, if there is one; else it opens the folder itself.
Exit codes: 0 done, 1 a check failed or the record refused, 2 wrong usage, 3 the record is unavailable.`,
    );
  addImport(program, terminal, exit);
  addExport(program, terminal);
  addChart(program, terminal);
  addAudit(program, terminal, exit);
  addProjections(program, terminal, exit);
  addDeadLetters(program, terminal, exit);
  addRebuild(program, terminal);
  addErase(program, terminal);
  addHold(program, terminal);
  addToken(program, terminal);
  addKeys(program, terminal);
  addBench(program, terminal, exit);
  return program;
}

/** One clear line for what went wrong; the stack of a bug only with DEBUG. */
function ended(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // it has said why
  if (error instanceof CommandError) {
    terminal.stderr.write(`${error.message}\n`);
    if (terminal.env['DEBUG'] && error.cause !== undefined) terminal.stderr.write(`${stackOf(error.cause)}\n`);
    return error.exit;
  }
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'EPIPE') return EXIT.done; // whoever reads has seen enough, as `head` does
  terminal.stderr.write(
    `Something went wrong that should not${typeof code === 'string' ? ` (${code})` : ''}. DEBUG=1 shows where.\n`,
  );
  if (terminal.env['DEBUG']) terminal.stderr.write(`${stackOf(error)}\n`);
  return EXIT.unavailable;
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
