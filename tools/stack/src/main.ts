import { writeFile } from 'node:fs/promises';
import { asked, HELP, type Asked } from './command-line.ts';
import { startEngines, testVariables } from './engine-set.ts';
import { EngineError } from './engines/engine-error.ts';
import { toStderr } from './engines/log.ts';
import { NotReady } from './processes/until-ready.ts';

/** sysexits.h */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;

async function main(): Promise<void> {
  const wanted = asked(process.argv.slice(2));
  if (wanted === 'help') return void process.stdout.write(HELP);
  if ('wrong' in wanted) return fail(EX_USAGE, `${wanted.wrong}\nnpm run stack -- --help says more.`);
  const told = new AbortController();
  const signalled = new Promise<void>((resolve) => {
    const once = (): void => {
      told.abort(new EngineError('it was told to stop'));
      resolve();
    };
    process.on('SIGINT', once).on('SIGTERM', once);
  });
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1';
  try {
    await runEngines(wanted, told.signal, signalled);
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof NotReady)) throw error;
    fail(EX_UNAVAILABLE, `The stack did not start: ${error.message}`);
  }
}

async function runEngines({ only, brokers, envOut }: Asked, signal: AbortSignal, until: Promise<void>): Promise<void> {
  const engines = await startEngines({ only, brokers, signal, log: toStderr });
  try {
    const lines = Object.entries(testVariables(engines)).map(([name, value]) => `export ${name}='${value}'\n`);
    if (envOut !== undefined) await writeFile(envOut, lines.join(''), { mode: 0o600 });
    process.stdout.write(lines.join(''));
    toStderr('the engines run; Ctrl-C stops them');
    await until;
  } finally {
    toStderr('stopping');
    await engines.stop();
  }
}

function fail(code: number, text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
}

await main();
