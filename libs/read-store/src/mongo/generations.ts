import { Fault } from '@anamnesis/kernel';
import type { Database, Documents } from './database.ts';
import { isCollectionGone, otherSchema } from './faults.ts';
import { generationState, type ModelState, type LiveState } from './model-state.ts';
import type { ModelWatch } from './model-watch.ts';
import type { Pointer } from './pointer.ts';
import { LAYOUT } from './schema.ts';

/** Makes and drops the collections of a model's generations. */
export class Generations {
  readonly #database: Database;
  readonly #pointer: Pointer;
  readonly #watch: ModelWatch;
  readonly #graceMs: number;
  readonly #drops = new Map<number, NodeJS.Timeout>();

  /** `graceMs`: how long somebody may still be reading a generation after another one was swapped in. */
  constructor(database: Database, pointer: Pointer, watch: ModelWatch, graceMs: number) {
    this.#database = database;
    this.#pointer = pointer;
    this.#watch = watch;
    this.#graceMs = graceMs;
  }

  /** The state of a model that has a live generation; the first one is made here. */
  async ensureLive(): Promise<LiveState> {
    await this.#pointer.ensure();
    let state = await this.#watch.look();
    if (state === undefined || state.live === null) {
      const generation = await this.create();
      const made = await this.#pointer.makeLive(generation);
      // Another process was as quick: theirs is live, this one goes.
      if (made === undefined) await this.#drop(generation);
      state = await this.#watch.look();
    }
    const live = state?.live;
    if (state === undefined || live === undefined || live === null)
      throw new Fault('read-model-unavailable', 'The read model has gone');
    assertLayout(state, live);
    this.sweep(state);
    return { ...state, live };
  }

  async create(): Promise<number> {
    const generation = await this.#pointer.nextGeneration();
    await this.#database.createGeneration(this.#pointer.model, generation);
    return generation;
  }

  collection(generation: number): Promise<Documents> {
    return this.#database.documents(this.#pointer.model, generation);
  }

  /** What is retired goes after a while, whoever retired it. */
  sweep(state: ModelState): void {
    for (const generation of state.retired) {
      if (this.#drops.has(generation)) continue;
      const timer = setTimeout(() => {
        // What cannot be dropped now is dropped by whoever next opens a writer.
        void this.#drop(generation).catch(() => this.#drops.delete(generation));
      }, this.#graceMs);
      this.#drops.set(generation, timer.unref());
    }
  }

  async #drop(generation: number): Promise<void> {
    try {
      await this.#database.dropGeneration(this.#pointer.model, generation);
    } catch (error) {
      if (!isCollectionGone(error)) throw error;
    }
    await this.#pointer.dropped(generation);
  }

  close(): void {
    for (const timer of this.#drops.values()) clearTimeout(timer);
  }
}

/** Throws `read-model-unavailable` for a generation that was built by another version. */
export function assertLayout(state: ModelState, generation: number): void {
  if (generationState(state, generation).layout !== LAYOUT) throw otherSchema();
}
