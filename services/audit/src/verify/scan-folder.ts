import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Position } from '@anamnesis/kernel';
import { CHUNK_EVENTS, type ChunkReport, scanChunk } from './chunk.ts';
import { ScanWork } from './scan-work.ts';
import type { StreamKeySeed } from './stream-key.ts';
import { END, type ScanAnswer, type ScanTask, type ScanThreadData } from './verify-messages.ts';

/** Does one task at a time. */
interface Scanner {
  run(task: ScanTask): Promise<ScanAnswer>;
  end(): Promise<void>;
}

/** Chunks that may wait for an earlier one. */
const AHEAD = 8;
/** A thread takes a quarter of a second to start, in which this many events are scanned without one. */
const WORTH_THREADS = 8 * CHUNK_EVENTS;
const MOST_THREADS = 4;

/**
 * Scans positions 1 to `head`, hands the chunks to `take` in the order of the log, and runs the database's own
 * integrity check; resolves to whether that found nothing.
 * `threads`: how many to use; 0 scans here, a chunk a turn. Rejects when a thread fails for another reason than the
 * folder's contents.
 */
export async function scanFolder(
  folder: string,
  head: Position,
  seed: StreamKeySeed,
  take: (report: ChunkReport) => void,
  threads: number = head < WORTH_THREADS ? 0 : Math.max(2, Math.min(MOST_THREADS, availableParallelism())),
): Promise<boolean> {
  const data = { folder, seed };
  const scanners: Scanner[] =
    threads === 0 ? [new OwnScanner(data)] : Array.from({ length: threads }, () => new ScanThread(data));
  const turn = new ChunkTurn(take, head, seed);
  const check = async (scanner: Scanner): Promise<boolean> => {
    const answer = await scanner.run({ kind: 'integrity' });
    return answer.kind === 'integrity' && answer.sound;
  };
  try {
    const [first, ...others] = scanners as [Scanner, ...Scanner[]];
    const [sound] = await Promise.all([
      check(first).then(async (isSound) => {
        await turn.work(first);
        return isSound;
      }),
      ...others.map((scanner) => turn.work(scanner)),
    ]);
    return sound;
  } finally {
    await Promise.all(scanners.map((scanner) => scanner.end()));
  }
}

/** Hands chunks out to whoever is free, and their reports on in the order of the log. */
class ChunkTurn {
  readonly #take: (report: ChunkReport) => void;
  readonly #head: Position;
  readonly #seed: StreamKeySeed;
  readonly #chunks: number;
  readonly #early = new Map<number, ChunkReport>();
  #next = 0;
  #taken = 0;
  #waiting: (() => void)[] = [];

  constructor(take: (report: ChunkReport) => void, head: Position, seed: StreamKeySeed) {
    this.#take = take;
    this.#head = head;
    this.#seed = seed;
    this.#chunks = Math.ceil(head / CHUNK_EVENTS);
  }

  async work(scanner: Scanner): Promise<void> {
    while (this.#next < this.#chunks) {
      if (this.#next >= this.#taken + AHEAD) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      const chunk = this.#next++;
      const first = chunk * CHUNK_EVENTS + 1;
      const count = Math.min(CHUNK_EVENTS, this.#head - first + 1);
      const answer = await scanner.run({ kind: 'scan', first, count });
      this.#early.set(chunk, answer.kind === 'scanned' ? answer.report : this.#unreadable(first, count));
      this.#handOn();
    }
  }

  #handOn(): void {
    for (let report = this.#early.get(this.#taken); report; report = this.#early.get(this.#taken)) {
      this.#early.delete(this.#taken);
      this.#take(report);
      this.#taken += 1;
    }
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** A chunk that could not be read at all keeps its place, so that those after it keep theirs. */
  #unreadable(first: Position, count: number): ChunkReport {
    return { ...scanChunk(first, count, [], this.#seed), faults: [{ code: 'store-unreadable', position: first }] };
  }
}

class OwnScanner implements Scanner {
  readonly #work: ScanWork;

  constructor({ folder, seed }: ScanThreadData) {
    this.#work = new ScanWork(folder, seed);
  }

  async run(task: ScanTask): Promise<ScanAnswer> {
    await setImmediate();
    return this.#work.run(task);
  }

  async end(): Promise<void> {
    this.#work.close();
  }
}

class ScanThread implements Scanner {
  readonly #worker: Worker;
  #settle: { resolve(answer: ScanAnswer): void; reject(error: unknown): void } | undefined;
  #failure: Error | undefined;

  constructor(data: ScanThreadData) {
    this.#worker = new Worker(new URL('./verify-thread.ts', import.meta.url), { workerData: data });
    this.#worker.on('message', (answer: ScanAnswer) => this.#settle?.resolve(answer));
    this.#worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error('A scanning thread failed.', { cause: error });
      this.#settle?.reject(this.#failure);
    });
  }

  run(task: ScanTask): Promise<ScanAnswer> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker.postMessage(task);
    });
  }

  async end(): Promise<void> {
    if (this.#failure) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage(END);
    await ended;
  }
}
