import { Fault } from '@anamnesis/kernel';

export interface BatchLimits {
  /** The most items of one batch. */
  readonly size: number;
  /** The most batches under way at once. */
  readonly atOnce: number;
  /** More items than this on their way are refused as `overloaded`. */
  readonly waiting: number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers single calls into few round trips: what is asked in one turn of the loop, and what comes in while all
 * places are taken, goes out together. `work` answers in the order of its items; a `Fault` among its answers rejects
 * that one call.
 */
export class Batches<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly (R | Fault)[]>;
  readonly #limits: BatchLimits;
  #gathered: Waiting<T, R>[] = [];
  /** Items gathered or under way. */
  #open = 0;
  #running = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(work: (items: readonly T[]) => Promise<readonly (R | Fault)[]>, limits: BatchLimits) {
    this.#work = work;
    this.#limits = limits;
  }

  run(item: T): Promise<R> {
    if (this.#open >= this.#limits.waiting) {
      return Promise.reject(new Fault('overloaded', 'Too many keys are asked for at once.', { retryable: true }));
    }
    this.#open++;
    return new Promise((resolve, reject) => {
      this.#gathered.push({ item, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#start();
      });
    });
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.#open === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    while (this.#gathered.length > 0 && this.#running < this.#limits.atOnce) {
      void this.#runBatch(this.#gathered.splice(0, this.#limits.size));
    }
  }

  async #runBatch(batch: readonly Waiting<T, R>[]): Promise<void> {
    this.#running++;
    try {
      const results = await this.#work(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, i) => {
        const result = results[i]!;
        if (result instanceof Fault) reject(result);
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#running--;
    this.#open -= batch.length;
    this.#start();
    if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
