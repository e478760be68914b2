import { writeFile } from 'node:fs/promises';
import { Fault } from '@anamnesis/kernel';
import { asked, HELP, type Asked } from './command-line.ts';
import { startEngines, testVariables } from './engine-set.ts';
import { EngineError } from './engines/engine-error.ts';
import { toStderr } from './engines/log.ts';
import { onSignal } from './on-signal.ts';
import { NotReady } from './processes/until-ready.ts';
import { bannerOf } from './banner.ts';
import { startStack } from './start-stack.ts';

/** sysexits.h */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;

async function main(): Promise<void> {
  const wanted = asked(process.argv.slice(2), process.env);
  if (wanted.kind === 'help') return void process.stdout.write(HELP);
  if (wanted.kind === 'wrong') return fail(EX_USAGE, `${wanted.message}\nnpm run stack -- --help says more.`);
  process.umask(0o077);
  const told = onSignal();
  try {
    if (wanted.kind === 'engines') await runEngines(wanted, told);
    else await runStack(wanted, told);
  } catch (error) {
    if (told.aborted) return fail(0, 'stopped before everything was ready');
    if (!(error instanceof EngineError || error instanceof NotReady || error instanceof Fault)) throw error;
    fail(EX_UNAVAILABLE, `The stack did not start: ${error.message}`);
  }
}

async function runEngines({ only, brokers, envOut }: Asked & { kind: 'engines' }, told: AbortSignal): Promise<void> {
  const engines = await startEngines({ only, brokers, signal: told, log: toStderr });
  try {
    const lines = Object.entries(testVariables(engines)).map(([name, value]) => `export ${name}='${value}'\n`);
    if (envOut !== undefined) await writeFile(envOut, lines.join(''), { mode: 0o600 });
    process.stdout.write(lines.join(''));
    toStderr('the engines run; Ctrl-C stops them');
    await abortOf(told);
  } finally {
    toStderr('stopping');
    await engines.stop();
  }
}

async function runStack({ options, json }: Asked & { kind: 'stack' }, told: AbortSignal): Promise<void> {
  const stack = await startStack({ ...options, signal: told });
  try {
    const { addresses } = stack;
    process.stdout.write(json ? `${JSON.stringify(addresses)}\n` : bannerOf(addresses));
    await abortOf(told);
  } finally {
    toStderr('stopping');
    await stack.stop();
  }
  if (stack.deaths() > 0) fail(1, `${stack.deaths()} services ended by themselves; the lines above say which`);
}

const abortOf = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

function fail(code: number, text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
}

await main();
