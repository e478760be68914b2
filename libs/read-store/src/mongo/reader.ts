import type { Position } from '@anamnesis/kernel';
import type { DocumentKey } from '../embedded/search.ts';
import type { ReadModelReader } from '../port.ts';
import type { Document, Page, Query } from '../query.ts';
import { guarded, isCollectionGone, queueFull, stopping } from './faults.ts';
import { assertLayout } from './generations.ts';
import type { MongoModel } from './model.ts';
import { modelProgress } from './model-state.ts';
import { Search } from './search.ts';

/** How old a look at the pointer may be for a read by key. */
const POINTER_AGE_MS = 250;
/** Times that a read is begun anew because its generation went. */
const ATTEMPTS = 3;

export interface ReaderOptions {
  readonly queryBudgetMs: number;
  readonly graceMs: number;
  /** Counts the queries of the store that run or wait. */
  readonly queue: { running: number; readonly limit: number };
}

/** Reads of the live generation, whichever that is. */
export class MongoReader implements ReadModelReader {
  readonly #model: MongoModel;
  readonly #options: ReaderOptions;
  readonly #onClose: () => void;
  #closed = false;

  constructor(model: MongoModel, options: ReaderOptions, onClose: () => void) {
    this.#model = model;
    this.#options = options;
    this.#onClose = onClose;
  }

  get(type: string, id: string): Promise<Document | undefined> {
    return this.#read(POINTER_AGE_MS, (search) => search.get({ type, id }));
  }

  getMany(keys: readonly DocumentKey[]): Promise<Document[]> {
    return this.#read(POINTER_AGE_MS, (search) => search.getMany(keys));
  }

  query(query: Query): Promise<Page> {
    return this.#read(0, (search, position) => search.query(query, position));
  }

  count(query: Pick<Query, 'type' | 'where'>): Promise<number> {
    return this.#read(0, (search) => search.count(query));
  }

  referredTo(
    from: readonly DocumentKey[],
    param: string,
    targetType: string | undefined,
    limit: number,
  ): Promise<Document[]> {
    return this.#read(POINTER_AGE_MS, (search) => search.referredTo(from, param, targetType, limit));
  }

  referringTo(to: readonly DocumentKey[], type: string, param: string, limit: number): Promise<Document[]> {
    return this.#read(POINTER_AGE_MS, (search) => search.referringTo(to, type, param, limit));
  }

  /** How the database would find the page: for tests, and for whoever wonders why a query is slow. */
  explain(query: Query): Promise<Readonly<Record<string, unknown>>> {
    return this.#read(0, (search) => search.explain(query));
  }

  /**
   * `maxAgeMs`: of what is known of the pointer. A generation that was swapped out stays for a while, so that whoever
   * began to read it can finish; who took longer than that cannot know what was gone already, and reads anew.
   */
  async #read<T>(maxAgeMs: number, work: (search: Search, position: Position) => Promise<T>): Promise<T> {
    if (this.#closed) throw stopping();
    const { queue, queryBudgetMs, graceMs } = this.#options;
    if (queue.running >= queue.limit) throw queueFull();
    queue.running += 1;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const state = await this.#model.watch.live(attempt === 1 ? maxAgeMs : 0);
        assertLayout(state, state.live);
        const since = performance.now() - (attempt === 1 ? maxAgeMs : 0);
        try {
          const documents = await guarded(() => this.#model.collection(state.live));
          const search = new Search(documents, this.#model.keys(state), queryBudgetMs);
          const answer = await work(search, modelProgress(state));
          if (performance.now() - since < graceMs / 2 || attempt === ATTEMPTS) return answer;
          if ((await this.#model.watch.live(0)).live === state.live) return answer;
        } catch (error) {
          if (!isCollectionGone(error) || attempt === ATTEMPTS) throw error;
        }
      }
    } catch (error) {
      return await guarded(() => Promise.reject(error));
    } finally {
      queue.running -= 1;
    }
  }

  async progress(): Promise<Position> {
    if (this.#closed) throw stopping();
    return modelProgress(await this.#model.watch.live(0));
  }

  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (this.#closed) throw stopping();
    await this.#model.watch.waitFor(position, timeoutMs);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}
