import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterwards } from './temporary.ts';

const typescript = new URL('../../../tools/typescript.mjs', import.meta.url).href;

/** Runs a script of this folder; it is killed at the end of the test. */
export function child(script: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const process = fork(path, args, { execArgv: ['--import', typescript] });
  afterwards(async () => {
    if (process.exitCode === null && process.signalCode === null) {
      process.kill('SIGKILL');
      await once(process, 'exit');
    }
  });
  return process;
}
