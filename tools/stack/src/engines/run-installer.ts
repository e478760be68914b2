import { join } from 'node:path';
import { StartedProcess } from '../processes/started-process.ts';
import { EngineError } from './engine-error.ts';

const TELL_EVERY_MS = 10_000;
const LIMIT_MS = 30 * 60_000;

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its working folder, and the place of its log. */
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** Runs one step of an installation to its end; rejects with the end of its output when it fails. */
export async function runInstaller({ name, command, args, folder, env, log }: Step): Promise<void> {
  const logFile = join(folder, 'install.log');
  const step = new StartedProcess({ name, command, args, cwd: folder, env: env ?? process.env, logFile });
  const since = performance.now();
  const tell = setInterval(
    () => log(`${name}: still at it after ${Math.round((performance.now() - since) / 1000)} s`),
    TELL_EVERY_MS,
  );
  const late = setTimeout(() => step.signal('SIGKILL'), LIMIT_MS);
  const { code } = await step.ended;
  clearInterval(tell);
  clearTimeout(late);
  if (code !== 0) throw new EngineError(`${name} failed. Its output ends:\n${step.logTail()}`);
}
