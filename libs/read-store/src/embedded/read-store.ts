import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';
import type { ReadModelReader, ReadModelWriter, ReadStore } from '../port.ts';
import { guarded, stopping } from './faults.ts';
import { BuildWriter, LiveWriter } from './generation-writer.ts';
import { Generations } from './generations.ts';
import { LiveSearch } from './live-search.ts';
import { ProgressBoard } from './progress-board.ts';
import { QueryThreads } from './query-threads.ts';
import { EmbeddedReader } from './reader.ts';
import { createGeneration, openGeneration } from './schema.ts';

export interface EmbeddedReadStoreOptions {
  /** Where the read models lie; made when it is not there. */
  readonly folder: string;
  /**
   * Another store's `board` on the same folder in another thread of this process (through `workerData`): with it
   * readers learn of progress and swaps at once; without it they look at the files every 20 and 250 ms.
   */
  readonly board?: SharedArrayBuffer;
  /** Threads that answer queries; default 1. */
  readonly queryThreads?: number;
  /** How long one query may run, in milliseconds; default 5,000. Then it is rejected: Fault `overloaded`, not retryable. */
  readonly queryBudgetMs?: number;
  /** How many queries may wait or run at once; default 1,000. More are rejected: Fault `overloaded`, retryable. */
  readonly queryQueueLimit?: number;
  /** SQLite's page cache of each writer, in bytes; default 64 MiB. */
  readonly writerCacheBytes?: number;
  /** SQLite's page cache of each query thread and model, in bytes; default 32 MiB. */
  readonly queryCacheBytes?: number;
  /** How large a generation's file may become, in bytes; default: as large as the disk. Beyond it: Fault `store-full`. */
  readonly maxBytes?: number;
}

export interface EmbeddedReadStore extends ReadStore {
  /** To hand to stores on the same folder in other threads. */
  readonly board: SharedArrayBuffer;
}

const MIB = 1024 * 1024;
/** Points are read through a small cache of their own in the calling thread; the system's page cache is behind it. */
const POINT_CACHE_BYTES = 4 * MIB;

interface Build {
  readonly generation: number;
  readonly writer: BuildWriter;
}

/** Read models in SQLite files, one a generation. Writers run in the calling thread, queries in threads of their own. */
export function openReadStore(options: EmbeddedReadStoreOptions): EmbeddedReadStore {
  return new SqliteReadStore(options);
}

class SqliteReadStore implements EmbeddedReadStore {
  readonly #options: EmbeddedReadStoreOptions;
  readonly #board: ProgressBoard;
  readonly #threads: QueryThreads;
  readonly #readers = new Set<EmbeddedReader>();
  readonly #writers = new Map<string, LiveWriter>();
  readonly #builds = new Map<string, Build>();
  #closed = false;

  constructor(options: EmbeddedReadStoreOptions) {
    this.#options = options;
    this.#board = new ProgressBoard(options.board);
    this.#threads = new QueryThreads(
      {
        folder: options.folder,
        board: this.#board.shared,
        cacheBytes: options.queryCacheBytes ?? 32 * MIB,
        budgetMs: options.queryBudgetMs ?? 5_000,
      },
      options.queryThreads ?? 1,
      options.queryQueueLimit ?? 1_000,
    );
  }

  get board(): SharedArrayBuffer {
    return this.#board.shared;
  }

  async reader(model: string): Promise<ReadModelReader> {
    this.#assertOpen();
    const progress = this.#board.model(model);
    const live = new LiveSearch(this.#generations(model), progress, { cacheBytes: POINT_CACHE_BYTES }, Infinity);
    const reader: EmbeddedReader = new EmbeddedReader(model, live, progress, this.#threads, () => {
      this.#readers.delete(reader);
    });
    this.#readers.add(reader);
    return reader;
  }

  async writer(model: string): Promise<ReadModelWriter> {
    this.#assertOpen();
    const generations = this.#generations(model);
    const progress = this.#board.model(model);
    const lock = generations.lock('writer');
    try {
      const generation = generations.hasPointer ? generations.live() : this.#first(generations);
      const db = guarded(() => openGeneration(generations.path(generation), 'live', this.#openOptions()));
      const writer = closingOnError(
        db,
        () =>
          new LiveWriter(
            db,
            (reached) => progress.post(reached),
            () => {
              lock.close();
              this.#writers.delete(model);
            },
          ),
      );
      progress.postGeneration(generation);
      this.#writers.set(model, writer);
      return writer;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** One log feeds the models here, and it is one lane. */
  async lanes(): Promise<void> {
    this.#assertOpen();
  }

  /** The first generation is live from the start: there is none that it could be built beside. */
  #first(generations: Generations): number {
    const generation = generations.fresh();
    guarded(() => createGeneration(generations.path(generation)));
    generations.point(generation);
    return generation;
  }

  async build(model: string): Promise<ReadModelWriter> {
    this.#assertOpen();
    const generations = this.#generations(model);
    const lock = generations.lock('builder');
    try {
      this.#sweepUnfinished(generations);
      const generation = generations.fresh();
      const path = generations.path(generation);
      guarded(() => createGeneration(path));
      const db = guarded(() => openGeneration(path, 'build', this.#openOptions()));
      const writer = closingOnError(
        db,
        () =>
          new BuildWriter(db, (finished) => {
            this.#builds.delete(model);
            if (!finished) this.#sweepUnfinished(generations);
            lock.close();
          }),
      );
      this.#builds.set(model, { generation, writer });
      return writer;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** What a crashed or abandoned build left. */
  #sweepUnfinished(generations: Generations): void {
    if (!generations.hasPointer) return;
    try {
      generations.sweep([generations.live()]);
    } catch (error) {
      // A pointer that cannot be read names nothing to keep; the swap replaces it, and sweeps then.
      if (!(error instanceof Fault)) throw error;
    }
  }

  async swap(model: string): Promise<void> {
    this.#assertOpen();
    const build = this.#builds.get(model);
    if (build === undefined) throw new Fault('read-model-unavailable', 'No generation has been built to swap in');
    const generations = this.#generations(model);
    // The lock keeps a writer in another thread from writing on into the generation that goes.
    await this.#writers.get(model)?.close();
    const lock = generations.lock('writer');
    try {
      const reached = build.writer.finish();
      try {
        generations.point(build.generation);
      } finally {
        build.writer.release();
      }
      const progress = this.#board.model(model);
      progress.postGeneration(build.generation);
      progress.post(reached);
      generations.sweep([build.generation]);
    } finally {
      lock.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const reader of [...this.#readers]) await reader.close();
    for (const writer of [...this.#writers.values()]) await writer.close();
    for (const { writer } of [...this.#builds.values()]) await writer.close();
    await this.#threads.close();
  }

  #generations(model: string): Generations {
    return new Generations(this.#options.folder, model);
  }

  #openOptions() {
    const { writerCacheBytes = 64 * MIB, maxBytes } = this.#options;
    return { cacheBytes: writerCacheBytes, ...(maxBytes === undefined ? {} : { maxBytes }) };
  }

  #assertOpen(): void {
    if (this.#closed) throw stopping();
  }
}

function closingOnError<T>(db: DatabaseSync, make: () => T): T {
  try {
    return guarded(make);
  } catch (error) {
    db.close();
    throw error;
  }
}
