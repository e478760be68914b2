import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';
import { guarded, stopping } from './faults.ts';
import type { Generations } from './generations.ts';
import type { ModelProgress } from './progress-board.ts';
import { openGeneration, type OpenOptions } from './schema.ts';
import { Search } from './search.ts';

/** How often the pointer file is looked at for a swap by another process; a swap in this process is seen at once. */
const POINTER_CHECK_MS = 250;

interface OpenGeneration {
  readonly generation: number;
  readonly db: DatabaseSync;
  readonly search: Search;
}

/** The live generation, opened for reading; moves on to the next one by itself when that is swapped in. */
export class LiveSearch {
  readonly #generations: Generations;
  readonly #board: ModelProgress;
  readonly #options: OpenOptions;
  readonly #budgetMs: number;
  #open: OpenGeneration | undefined;
  #checkedAt = -Infinity;
  #closed = false;

  constructor(generations: Generations, board: ModelProgress, options: OpenOptions, budgetMs: number) {
    this.#generations = generations;
    this.#board = board;
    this.#options = options;
    this.#budgetMs = budgetMs;
  }

  /** Throws `read-model-unavailable` when there is no live generation that can be read. */
  run<T>(work: (search: Search) => T): T {
    if (this.#closed) throw stopping();
    return guarded(() => work(this.#current()));
  }

  #current(): Search {
    const open = this.#open;
    const posted = this.#board.generation;
    const now = performance.now();
    const settled = posted === 0 || posted === open?.generation;
    if (open !== undefined && settled && now - this.#checkedAt < POINTER_CHECK_MS) return open.search;
    const live = this.#generations.live();
    this.#checkedAt = now;
    if (open?.generation === live) return open.search;
    const next = this.#openLive(live);
    open?.db.close();
    this.#open = next;
    return next.search;
  }

  #openLive(generation: number): OpenGeneration {
    let db: DatabaseSync;
    try {
      db = openGeneration(this.#generations.path(generation), 'read', this.#options);
    } catch (error) {
      // Swapped and swept between the look at the pointer and the opening.
      const now = this.#generations.live();
      if (now === generation || !(error instanceof Fault)) throw error;
      return this.#openLive(now);
    }
    try {
      return { generation, db, search: new Search(db, this.#budgetMs) };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#open?.db.close();
    this.#open = undefined;
  }
}
