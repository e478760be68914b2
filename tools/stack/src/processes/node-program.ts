import { fileURLToPath } from 'node:url';
import type { ProcessSpec } from './started-process.ts';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export interface NodeProgram {
  readonly name: string;
  /** Relative to the repository. */
  readonly main: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** A program of this repository, run from source on the Node that runs this one. */
export const nodeProgram = ({ name, main, args = [], env, logFile }: NodeProgram): ProcessSpec => ({
  name,
  command: process.execPath,
  args: ['--import', './tools/typescript.mjs', main, ...args],
  cwd: ROOT,
  env,
  logFile,
});
