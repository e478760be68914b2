import { type ChunkReport, type ScannedRow, scanChunk } from './chunk.ts';
import { LogSource } from './log-source.ts';
import type { StreamKeySeed } from './stream-key.ts';
import type { ScanAnswer, ScanTask } from './verify-messages.ts';

/** Does the tasks of one thread, with a connection of its own. What cannot be read is an answer, not an error. */
export class ScanWork {
  readonly #folder: string;
  readonly #seed: StreamKeySeed;
  #source: LogSource | undefined;

  constructor(folder: string, seed: StreamKeySeed) {
    this.#folder = folder;
    this.#seed = seed;
  }

  run(task: ScanTask): ScanAnswer {
    try {
      this.#source ??= new LogSource(this.#folder);
      if (task.kind === 'integrity') return { kind: 'integrity', sound: this.#source.isSound() };
      return { kind: 'scanned', report: this.#scan(this.#source, task.first, task.count) };
    } catch {
      return { kind: 'unreadable' };
    }
  }

  close(): void {
    this.#source?.close();
  }

  /** A damaged page ends the rows with an error; what came before it is still reported. */
  #scan(source: LogSource, first: number, count: number): ChunkReport {
    let next = first;
    let broken = false;
    function* rows(): Generator<ScannedRow> {
      try {
        for (const row of source.rows(first, count)) {
          next = row.position + 1;
          yield row;
        }
      } catch {
        broken = true;
      }
    }
    const report = scanChunk(first, count, rows(), this.#seed);
    return broken ? { ...report, faults: [...report.faults, { code: 'store-unreadable', position: next }] } : report;
  }
}
