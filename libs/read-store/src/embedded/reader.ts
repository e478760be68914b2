import { Fault, type Position } from '@anamnesis/kernel';
import type { ReadModelReader } from '../port.ts';
import type { Document, Page, Query } from '../query.ts';
import { stopping } from './faults.ts';
import type { LiveSearch } from './live-search.ts';
import type { ModelProgress } from './progress-board.ts';
import type { QueryMethod } from './query-protocol.ts';
import type { QueryThreads } from './query-threads.ts';
import type { DocumentKey, Search } from './search.ts';

/** More documents than this by key are fetched in a query thread: here they would hold up the process. */
const FETCHED_HERE = 32;
/** How often progress is read from the file while it is waited for: a writer in another process posts none. */
const POLL_MS = 20;

/** Points are read in the calling thread, for about 10 us each; whatever may take longer goes to a query thread. */
export class EmbeddedReader implements ReadModelReader {
  readonly #model: string;
  readonly #live: LiveSearch;
  readonly #board: ModelProgress;
  readonly #threads: QueryThreads;
  readonly #onClose: () => void;
  #closed = false;

  constructor(model: string, live: LiveSearch, board: ModelProgress, threads: QueryThreads, onClose: () => void) {
    this.#model = model;
    this.#live = live;
    this.#board = board;
    this.#threads = threads;
    this.#onClose = onClose;
  }

  async get(type: string, id: string): Promise<Document | undefined> {
    return this.#live.run((search) => search.get({ type, id }));
  }

  async getMany(keys: readonly DocumentKey[]): Promise<Document[]> {
    if (keys.length <= FETCHED_HERE) return this.#live.run((search) => search.getMany(keys));
    return this.#ask('getMany', [keys]);
  }

  query(query: Query): Promise<Page> {
    return this.#ask('query', [query]);
  }

  count(query: Pick<Query, 'type' | 'where'>): Promise<number> {
    return this.#ask('count', [query]);
  }

  referredTo(
    from: readonly DocumentKey[],
    param: string,
    targetType: string | undefined,
    limit: number,
  ): Promise<Document[]> {
    return this.#ask('referredTo', [from, param, targetType, limit]);
  }

  referringTo(to: readonly DocumentKey[], type: string, param: string, limit: number): Promise<Document[]> {
    return this.#ask('referringTo', [to, type, param, limit]);
  }

  async #ask<M extends QueryMethod>(method: M, args: Parameters<Search[M]>): Promise<ReturnType<Search[M]>> {
    if (this.#closed) throw stopping();
    return this.#threads.ask(this.#model, method, args);
  }

  async progress(): Promise<Position> {
    return this.#live.run((search) => search.progress());
  }

  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (this.#board.progress >= position) return;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const posted = this.#board.progress;
      if (posted >= position || this.#storedProgress() >= position) return;
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new Fault('read-model-behind', 'The read model has not reached the position yet', { retryable: true });
      }
      const wait = Math.min(left, POLL_MS);
      // A wait on shared memory does not keep a process alive; the timer does.
      const alive = setTimeout(() => undefined, wait);
      await this.#board.changed(posted, wait);
      clearTimeout(alive);
    }
  }

  /** A read model that is not there yet may come while it is waited for. */
  #storedProgress(): Position {
    try {
      return this.#live.run((search) => search.progress());
    } catch (error) {
      if (error instanceof Fault && error.code === 'read-model-unavailable' && error.retryable) return 0;
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#live.close();
    this.#onClose();
  }
}
