import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Position } from '@anamnesis/kernel';
import { CHUNK_EVENTS, type ChunkReport } from './chunk.ts';
import type { StreamKeySeed } from './stream-key.ts';
import type { ScanAnswer, ScanTask, ScanThreadData } from './verify-messages.ts';

export interface ScanSteps {
  /** Called with the chunks in the order of the log. */
  take(report: ChunkReport): void;
  /** A chunk that could not be read at all. */
  unreadable(first: Position): void;
}

/** Chunks that may wait for an earlier one. */
const AHEAD = 8;

/**
 * Scans positions 1 to `head` on a few threads, and runs the database's own integrity check beside them; resolves to
 * its outcome. Rejects when a thread fails for another reason than the folder's contents.
 */
export async function scanFolder(folder: string, head: Position, seed: StreamKeySeed, steps: ScanSteps): Promise<boolean> {
  const chunks = Math.ceil(head / CHUNK_EVENTS);
  const waiting = new Map<number, ScanAnswer>();
  let next = 0;
  let taken = 0;
  let sound = false;
  let wake: (() => void)[] = [];

  const deliver = (): void => {
    for (let answer = waiting.get(taken); answer; answer = waiting.get(taken)) {
      waiting.delete(taken);
      if (answer.kind === 'scanned') steps.take(answer.report);
      else steps.unreadable(taken * CHUNK_EVENTS + 1);
      taken += 1;
    }
    wake.splice(0).forEach((resolve) => resolve());
  };
  const scan = async (thread: ScanThread): Promise<void> => {
    while (next < chunks) {
      if (next >= taken + AHEAD) {
        await new Promise<void>((resolve) => wake.push(resolve));
        continue;
      }
      const chunk = next++;
      const first = chunk * CHUNK_EVENTS + 1;
      waiting.set(chunk, await thread.run({ kind: 'scan', first, count: Math.min(CHUNK_EVENTS, head - first + 1) }));
      deliver();
    }
  };
  const threads = Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, () => new ScanThread({ folder, seed }));
  try {
    const [checker] = threads as [ScanThread];
    const check = async (): Promise<void> => {
      const answer = await checker.run({ kind: 'integrity' });
      sound = answer.kind === 'integrity' && answer.sound;
      await scan(checker);
    };
    await Promise.all([check(), ...threads.slice(1).map(scan)]);
  } finally {
    wake = [];
    await Promise.all(threads.map((thread) => thread.end()));
  }
  return sound;
}

/** One thread that answers one task at a time. */
class ScanThread {
  readonly #worker: Worker;
  #settle: { resolve(answer: ScanAnswer): void; reject(error: unknown): void } | undefined;
  #failure: unknown;

  constructor(data: ScanThreadData) {
    this.#worker = new Worker(new URL('./verify-thread.ts', import.meta.url), { workerData: data });
    this.#worker.on('message', (answer: ScanAnswer) => this.#settle?.resolve(answer));
    this.#worker.on('error', (error) => {
      this.#failure = error;
      this.#settle?.reject(error);
    });
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker.postMessage(task);
    });
  }

  async end(): Promise<void> {
    if (this.#failure !== undefined) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage({ kind: 'end' } satisfies ScanTask);
    await ended;
  }
}
