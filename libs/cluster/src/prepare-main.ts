/** Prepares the engines for the services: run once before them, and by each new version. */
import { parseArgs } from 'node:util';
import { Fault } from '@anamnesis/kernel';
import { describeConfig } from '@anamnesis/service';
import { parseClusterConfig } from './config.ts';
import { prepareEngines } from './prepare.ts';
import { CLUSTER_SETTINGS } from './settings.ts';

const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;
const EX_CONFIG = 78;

function asked(): boolean {
  try {
    return parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help ?? false;
  } catch {
    process.stderr.write('There is no such argument: --help\n');
    process.exit(EX_USAGE);
  }
}

async function main(): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  if (asked()) {
    return print(
      `Makes topics, collections and indexes. Needs ANAMNESIS_KAFKA and ANAMNESIS_MONGODB.\n\n` +
        describeConfig(CLUSTER_SETTINGS),
    );
  }
  const parsed = parseClusterConfig(process.env, ['kafka', 'mongodb']);
  if (!parsed.ok) {
    const lines = parsed.faults.map(({ variable, message }) => `  ${variable} ${message}`);
    process.stderr.write(`The configuration has faults:\n${lines.join('\n')}\n`);
    process.exitCode = EX_CONFIG;
    return;
  }
  try {
    await prepareEngines(parsed.config, print);
  } catch (error) {
    if (!(error instanceof Fault) && (error as Error).name !== 'TopicsDiffer') throw error;
    process.stderr.write(`The engines could not be prepared: ${(error as Error).message}\n`);
    process.exitCode = EX_UNAVAILABLE;
  }
}

await main();
