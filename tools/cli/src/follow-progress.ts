import { SingleBar } from 'cli-progress';
import { failed } from './exit.ts';
import { explanation } from './explanation.ts';
import { count, type Terminal } from './terminal.ts';

/** A line of a progress stream (NDJSON): so much of so much; the last one may be an error. */
export interface ProgressLine {
  readonly done?: number;
  readonly total?: number;
  readonly error?: unknown;
}

const LINE_EVERY = 2_000;

/** Shows a progress stream to its end and hands back its last line. Throws `failed` when the work failed. */
export async function followProgress(
  terminal: Terminal,
  label: string,
  lines: AsyncIterable<ProgressLine>,
): Promise<{ readonly done: number; readonly last: ProgressLine }> {
  const show = terminal.stderr.isTTY === true ? barOf(terminal, label) : linesOf(terminal, label);
  let last: ProgressLine = {};
  let done = 0;
  try {
    for await (const line of lines) {
      last = line;
      if (line.error !== undefined) throw failed(`${label}: ${explanation(JSON.stringify(line.error))}`);
      if (typeof line.done === 'number') show.at((done = line.done), line.total ?? line.done);
    }
  } finally {
    show.stop();
  }
  return { done, last };
}

function barOf(terminal: Terminal, label: string) {
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}% {value}/{total}`,
    stream: terminal.stderr,
    clearOnComplete: true,
  });
  bar.start(1, 0);
  return {
    at: (done: number, total: number): void => {
      bar.setTotal(Math.max(total, 1));
      bar.update(done);
    },
    stop: (): void => bar.stop(),
  };
}

function linesOf(terminal: Terminal, label: string) {
  let told = Date.now();
  return {
    at: (done: number, total: number): void => {
      if (Date.now() - told < LINE_EVERY) return;
      told = Date.now();
      terminal.stderr.write(`${label}: ${count(done)} of ${count(total)}\n`);
    },
    stop: (): void => undefined,
  };
}
