import type { ReadModelReader, ReadModelWriter, ReadStore } from '../port.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { guarded, stopping } from './faults.ts';
import { MongoModel } from './model.ts';
import { ONLY_LANE } from './model-state.ts';
import { MongoReader as Reader } from './reader.ts';

export interface MongoReadStoreOptions extends DatabaseOptions {
  /** How long one query may run, in milliseconds; default 5,000. Then it is rejected: Fault `overloaded`, not retryable. */
  readonly queryBudgetMs?: number;
  /** How many queries may wait or run at once; default 1,000. More are rejected: Fault `overloaded`, retryable. */
  readonly queryQueueLimit?: number;
  /** How long a generation that was swapped out can still be read, in milliseconds; default 30,000. */
  readonly graceMs?: number;
  /** How long a swap waits for lanes that are ahead of the build, in milliseconds; default 30,000. */
  readonly swapTimeoutMs?: number;
}

export interface MongoReader extends ReadModelReader {
  /** The database's own account of how it would find the first documents of a page. */
  explain(query: Parameters<ReadModelReader['query']>[0]): Promise<Readonly<Record<string, unknown>>>;
}

export interface MongoReadStore extends ReadStore {
  reader(model: string): Promise<MongoReader>;
  /** Makes collections and indexes; to be run once before anything else, and by each new version. Safe to repeat. */
  prepare(): Promise<void>;
}

/**
 * Read models in MongoDB, for any number of processes. Connects when first needed. A live writer's lane is kept from
 * a second writer in this store only: two in different processes do no harm, for operations are guarded by position.
 */
export function openMongoReadStore(options: MongoReadStoreOptions): MongoReadStore {
  return new Store(options);
}

class Store implements MongoReadStore {
  readonly #database: Database;
  readonly #options: Required<Pick<MongoReadStoreOptions, 'graceMs' | 'swapTimeoutMs' | 'queryBudgetMs'>>;
  readonly #queue: { running: number; readonly limit: number };
  readonly #models = new Map<string, MongoModel>();
  readonly #readers = new Set<MongoReader>();
  #closed = false;

  constructor(options: MongoReadStoreOptions) {
    const { queryBudgetMs = 5_000, queryQueueLimit = 1_000, graceMs = 30_000, swapTimeoutMs = 30_000 } = options;
    this.#database = new Database(options);
    this.#options = { graceMs, swapTimeoutMs, queryBudgetMs };
    this.#queue = { running: 0, limit: queryQueueLimit };
  }

  #model(name: string): MongoModel {
    if (this.#closed) throw stopping();
    let model = this.#models.get(name);
    if (model === undefined) this.#models.set(name, (model = new MongoModel(this.#database, name, this.#options)));
    return model;
  }

  async prepare(): Promise<void> {
    await guarded(() => this.#database.prepare());
  }

  async reader(model: string): Promise<MongoReader> {
    const reader: MongoReader = new Reader(this.#model(model), { ...this.#options, queue: this.#queue }, () => {
      this.#readers.delete(reader);
    });
    this.#readers.add(reader);
    return reader;
  }

  async writer(model: string, lane = ONLY_LANE): Promise<ReadModelWriter> {
    return this.#model(model).writer(lane);
  }

  async lanes(model: string, names: readonly string[]): Promise<void> {
    await this.#model(model).lanes(names);
  }

  async build(model: string): Promise<ReadModelWriter> {
    return this.#model(model).build();
  }

  async swap(model: string): Promise<void> {
    await this.#model(model).swap();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const reader of [...this.#readers]) await reader.close();
    await Promise.all([...this.#models.values()].map((model) => model.close()));
    await this.#database.close();
  }
}
