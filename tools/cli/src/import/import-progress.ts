import { SingleBar } from 'cli-progress';
import { count, counted, type Terminal } from '../terminal.ts';

/** How an import shows that it goes on: a bar on a terminal, a line every few seconds elsewhere. */
export interface ImportProgress {
  /** So many resources more are stored; so many bytes of the files are done, of all. */
  advance(resources: number, doneBytes: number): void;
  fileDone(): void;
  stop(): void;
}

const LINE_EVERY = 5_000;

export function importProgress(terminal: Terminal, total: { files: number; bytes: number }): ImportProgress {
  const started = Date.now();
  let resources = 0;
  let files = 0;
  const rate = (): string => count(resources / Math.max((Date.now() - started) / 1_000, 0.001));

  if (terminal.stderr.isTTY !== true) {
    let last = started;
    return {
      advance: (more) => {
        resources += more;
        if (Date.now() - last < LINE_EVERY) return;
        last = Date.now();
        terminal.stderr.write(
          `${counted(resources, 'resource')}, ${files} of ${counted(total.files, 'file')}, ${rate()}/s\n`,
        );
      },
      fileDone: () => (files += 1),
      stop: () => undefined,
    };
  }

  const bar = new SingleBar({
    format: '{bar} {percentage}% | {resources} resources | {files}/{all} files | {rate}/s',
    stream: terminal.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  const shown = () => ({ resources: count(resources), files, all: total.files, rate: rate() });
  bar.start(Math.max(total.bytes, 1), 0, shown());
  return {
    advance: (more, doneBytes) => {
      resources += more;
      bar.update(Math.min(doneBytes, total.bytes), shown());
    },
    fileDone: () => (files += 1),
    stop: () => bar.stop(),
  };
}
