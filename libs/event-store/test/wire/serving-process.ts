import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LOADER = new URL('../../../../tools/typescript.mjs', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../src/wire/main.ts', import.meta.url));

/** What a process printed and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program behind `npm run event-store`, in a process of its own. */
export class ServingProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[]) {
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--import', LOADER, MAIN, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stdout = '';
    let stderr = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  /** The address, once it is served there. */
  async url(): Promise<string> {
    const line = new Promise<string>((resolve) => this.#child.stdout!.once('data', (text) => resolve(String(text))));
    const first = await Promise.race([line, this.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    return /esdb:\S+/.exec(first)![0];
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}
