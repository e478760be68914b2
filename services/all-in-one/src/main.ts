import { parseArgs } from 'node:util';
import { Fault } from '@anamnesis/kernel';
import {
  createLog,
  describeConfig,
  parseConfig,
  runUntilSignalled,
  startTelemetry,
  UndeclaredRoutes,
  VERSION,
} from '@anamnesis/service';
import { startAnamnesis } from './start-anamnesis.ts';

/** sysexits.h */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;
const EX_CONFIG = 78;

const HELP = `Anamnesis ${VERSION}: the clinical record, whole, in one process.

usage: npm start                 start it, configured by the environment
       npm start -- --help       this text
       npm start -- --version

The environment variables:
`;

async function main(): Promise<void> {
  const { help, version } = argumentsOf();
  if (help) return print(`${HELP}\n${describeConfig()}`);
  if (version) return print(VERSION);
  const parsed = parseConfig(process.env);
  if (!parsed.ok) {
    const lines = parsed.faults.map(({ variable, message }) => `  ${variable} ${message}`);
    return fail(
      EX_CONFIG,
      `The configuration has faults:\n${lines.join('\n')}\nnpm start -- --help lists every variable.`,
    );
  }
  await startTelemetry(process.env);
  process.umask(0o077); // whatever the folder holds is its owner's alone
  const started = performance.now();
  try {
    const anamnesis = await startAnamnesis({ config: parsed.config });
    runUntilSignalled({ stop: () => anamnesis.close() }, createLog(parsed.config.logLevel));
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    const missing = await anamnesis.notReady();
    const state = missing.length === 0 ? 'is ready' : `is up but NOT READY (${missing.join('; ')})`;
    print(banner(anamnesis, parsed.config.dataFolder, `${state} after ${seconds} s`));
  } catch (error) {
    if (error instanceof Fault) fail(EX_UNAVAILABLE, `Anamnesis did not start: ${error.message}`);
    else if (error instanceof UndeclaredRoutes) fail(EX_UNAVAILABLE, `Anamnesis did not start: ${error.message}`);
    else if (isListenError(error))
      fail(EX_UNAVAILABLE, 'Anamnesis did not start: HOST and PORT cannot be listened on.');
    else throw error;
  }
}

function argumentsOf(): { help: boolean; version: boolean } {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } });
    return { help: values.help ?? false, version: values.version ?? false };
  } catch {
    fail(EX_USAGE, 'npm start takes no such argument; it is configured by the environment: npm start -- --help');
    process.exit();
  }
}

function banner(
  { url, demoUsersFile }: { url: string; demoUsersFile?: string },
  folder: string,
  state: string,
): string {
  const demo =
    demoUsersFile === undefined
      ? ''
      : `\n  sign in    demo users, one a role; their passwords are in ${demoUsersFile}` +
        `\n             or: npm run -s anamnesis -- token --as physician`;
  return (
    `Anamnesis ${VERSION} ${state}.\n` +
    `  FHIR R4    ${url}/fhir          (capabilities: ${url}/fhir/metadata)\n` +
    `  health     ${url}/health/ready\n` +
    `  data       ${folder}${demo}\n` +
    `  import     npm run -s anamnesis -- import <files or folders>\n` +
    `  stop       Ctrl-C`
  );
}

const isListenError = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall === 'listen';

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(code: number, text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
}

await main();
