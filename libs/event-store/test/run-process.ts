import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Starts a TypeScript file of this folder in a process of its own. */
export function runProcess(file: string, argument: string): ChildProcessByStdio<null, Readable, null> {
  const typescript = new URL('../../../tools/typescript.mjs', import.meta.url).href;
  const path = fileURLToPath(new URL(file, import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', typescript, path, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** All that a process printed, once it has ended. */
export async function output(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
  return text;
}
