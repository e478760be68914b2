import { randomUUID } from 'node:crypto';
import { Fault } from '@anamnesis/kernel';
import { BEAT_MS, BuildWriter } from './build-writer.ts';
import type { Database } from './database.ts';
import { DocumentWriter } from './document-writer.ts';
import { Erasures } from './erasures.ts';
import { guarded } from './faults.ts';
import { assertLayout, Generations } from './generations.ts';
import { Keys } from './keys.ts';
import { LaneWriter } from './lane-writer.ts';
import { laneField, neededOfBuild, type ModelState } from './model-state.ts';
import { ModelWatch } from './model-watch.ts';
import { Pointer } from './pointer.ts';
import type { Writing } from './writing.ts';

const MODEL = /^[a-z][a-z0-9-]{0,63}$/;

export interface ModelOptions {
  readonly graceMs: number;
  readonly swapTimeoutMs: number;
}

/** How often a swap that waits looks again. */
const SWAP_LOOK_MS = 100;
/** A build that shows no life for this long is nobody's. */
const SILENCE_MS = 4 * BEAT_MS;

/** One read model in this process: its watch, its writers by lane, its build. */
export class MongoModel {
  readonly watch: ModelWatch;
  readonly #database: Database;
  readonly #pointer: Pointer;
  readonly #generations: Generations;
  readonly #options: ModelOptions;
  readonly #writers = new Map<string, LaneWriter | undefined>();
  #build: BuildWriter | 'opening' | undefined;
  #writing: Writing | undefined;
  #keys: Keys | undefined;

  constructor(database: Database, model: string, options: ModelOptions) {
    if (!MODEL.test(model)) throw new TypeError('a read model is named in lower case, digits and hyphens');
    this.#database = database;
    this.#options = options;
    this.#pointer = new Pointer(database, model);
    this.watch = new ModelWatch(database, this.#pointer);
    this.#generations = new Generations(database, this.#pointer, this.watch, options.graceMs);
  }

  collection(generation: number) {
    return this.#generations.collection(generation);
  }

  /** Of a model that is there: its seed never changes. */
  keys(state: ModelState): Keys {
    return (this.#keys ??= new Keys(state.seed));
  }

  #writingTo(state: ModelState): Writing {
    const erasures = new Erasures(this.#database, state);
    return (this.#writing ??= {
      pointer: this.#pointer,
      watch: this.watch,
      erasures,
      documents: new DocumentWriter(this.keys(state), erasures),
      collection: (generation) => this.#generations.collection(generation),
    });
  }

  async writer(lane: string): Promise<LaneWriter> {
    const name = laneField(lane);
    if (this.#writers.has(name)) throw new Fault('store-in-use', 'The lane of the read model has another writer');
    this.#writers.set(name, undefined);
    try {
      const state = await guarded(async () => {
        await this.#database.assertPrepared();
        const live = await this.#generations.ensureLive();
        const known = await this.#pointer.addLane(name);
        if (known !== undefined) this.watch.learn(known);
        return live;
      });
      const writer = new LaneWriter(this.#writingTo(state), name, () => this.#writers.delete(name));
      this.#writers.set(name, writer);
      return writer;
    } catch (error) {
      this.#writers.delete(name);
      throw error;
    }
  }

  async lanes(names: readonly string[]): Promise<void> {
    await guarded(async () => {
      await this.#database.assertPrepared();
      await this.#generations.ensureLive();
      const state = await this.#pointer.setLanes([...new Set(names)].map(laneField));
      if (state !== undefined) this.watch.learn(state);
    });
  }

  async build(): Promise<BuildWriter> {
    if (this.#build !== undefined) throw buildRuns();
    this.#build = 'opening';
    try {
      const builder = randomUUID();
      const [generation, state] = await guarded(async () => {
        await this.#database.assertPrepared();
        await this.#pointer.ensure();
        const begun = await this.#free();
        const made = await this.#generations.create();
        const building = await this.#pointer.beginBuild(begun, made, builder);
        if (building === undefined) {
          await this.#database.dropGeneration(this.#pointer.model, made);
          throw buildRuns();
        }
        this.watch.learn(building);
        return [made, building] as const;
      });
      const writer = new BuildWriter(this.#writingTo(state), generation, builder, (swapped) =>
        this.#ended(builder, generation, swapped),
      );
      this.#build = writer;
      return writer;
    } catch (error) {
      this.#build = undefined;
      throw error;
    }
  }

  /** The state in which a build can begin. Whose build is running shows it by its beat, whatever clocks say. */
  async #free(): Promise<ModelState> {
    const deadline = performance.now() + SILENCE_MS;
    const first = await this.watch.look();
    for (let state = first; ; state = await this.watch.look()) {
      if (state === undefined) throw new Fault('read-model-unavailable', 'The read model has gone');
      if (state.building === null) return state;
      if (state.building.builder !== first?.building?.builder) throw buildRuns();
      if (state.building.beat !== first.building.beat) throw buildRuns();
      if (performance.now() > deadline) return state;
      await pause(SWAP_LOOK_MS);
    }
  }

  async #ended(builder: string, generation: number, swapped: boolean): Promise<void> {
    this.#build = undefined;
    if (swapped) return;
    const state = await guarded(() => this.#pointer.abandonBuild(builder, generation));
    if (state === undefined) return;
    this.watch.learn(state);
    this.#generations.sweep(state);
  }

  async swap(): Promise<void> {
    const build = this.#build;
    if (build === undefined || build === 'opening') {
      throw new Fault('read-model-unavailable', 'No generation has been built to swap in');
    }
    const deadline = performance.now() + this.#options.swapTimeoutMs;
    let state: ModelState | undefined = await build.flush();
    for (;;) {
      if (state?.building?.builder !== build.builder) throw buildRuns();
      const swapped = await guarded(() => this.#trySwap(state!, build));
      if (swapped !== undefined) {
        this.watch.learn(swapped);
        this.#generations.sweep(swapped);
        return build.end(true);
      }
      if (performance.now() > deadline) throw notReached();
      await pause(SWAP_LOOK_MS);
      state = await build.flush();
    }
  }

  async #trySwap(state: ModelState, build: BuildWriter): Promise<ModelState | undefined> {
    assertLayout(state, build.generation);
    if (neededOfBuild(state) > state.building!.through) return undefined;
    return this.#pointer.swap(state, build.builder);
  }

  async close(): Promise<void> {
    for (const writer of [...this.#writers.values()]) await writer?.close();
    if (this.#build instanceof BuildWriter) await this.#build.close().catch(() => undefined);
    this.#generations.close();
    this.watch.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const buildRuns = () => new Fault('store-in-use', 'The read model is being built already');

const notReached = () =>
  new Fault('read-model-behind', 'The built generation has not reached what lanes have written; load on, then swap', {
    retryable: true,
  });
