import { randomBytes } from 'node:crypto';
import type { Position } from '@anamnesis/kernel';
import { DURABLE, SETTLED, type Database } from './database.ts';
import { DUPLICATE_KEY } from './faults.ts';
import { LaneAdvances } from './lane-advances.ts';
import {
  generationField,
  generationState,
  laneProgress,
  neededOfBuild,
  type GenerationState,
  type ModelState,
} from './model-state.ts';
import { LAYOUT } from './schema.ts';

type Change = Readonly<Record<string, unknown>>;

/** Where operations have been written, which is to be true still when progress is: else they are written anew. */
export interface Target {
  readonly live: number;
  /** Undefined: nothing is being built. */
  readonly building: number | undefined;
  readonly erasures: number;
}

/**
 * A read model's pointer document. Every change is one conditional update of it, answered by the document as it then
 * is, or by undefined when the condition did not hold.
 */
export class Pointer {
  readonly #database: Database;
  readonly model: string;
  readonly #advances = new LaneAdvances((reached, target) => this.#advance(reached, target));

  constructor(database: Database, model: string) {
    this.#database = database;
    this.model = model;
  }

  async read(): Promise<ModelState | undefined> {
    const states = await this.#database.states();
    return (await states.findOne({ _id: this.model }, SETTLED)) ?? undefined;
  }

  async #change(condition: Change, update: Change): Promise<ModelState | undefined> {
    const states = await this.#database.states();
    const changed = await states.findOneAndUpdate({ _id: this.model, ...condition }, update, {
      returnDocument: 'after',
      ...DURABLE,
    });
    return changed ?? undefined;
  }

  /** Makes the document when there is none. */
  async ensure(): Promise<void> {
    const bytes = randomBytes(8);
    const first: Omit<ModelState, '_id'> = {
      version: 1,
      seed: [bytes.readInt32LE(0), bytes.readInt32LE(4)],
      last: 0,
      live: null,
      building: null,
      lanes: [],
      generations: {},
      erasures: 0,
      retired: [],
    };
    const states = await this.#database.states();
    try {
      await states.updateOne({ _id: this.model }, { $setOnInsert: first }, { upsert: true, ...DURABLE });
    } catch (error) {
      // Another process was as quick.
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error;
    }
  }

  /** A number that no generation of the model ever had. */
  async nextGeneration(): Promise<number> {
    const state = await this.#change({}, { $inc: { last: 1 } });
    return state!.last;
  }

  makeLive(generation: number): Promise<ModelState | undefined> {
    return this.#change(
      { live: null },
      { $set: { live: generation, [generationField(generation)]: fresh() }, $inc: { version: 1 } },
    );
  }

  addLane(lane: string): Promise<ModelState | undefined> {
    return this.#change({ lanes: { $ne: lane } }, { $addToSet: { lanes: lane }, $inc: { version: 1 } });
  }

  setLanes(lanes: readonly string[]): Promise<ModelState | undefined> {
    return this.#change({}, { $set: { lanes }, $inc: { version: 1 } });
  }

  /** The lane's progress, if the operations were written where they had to be. Lanes share updates. */
  advance(lane: string, through: Position, target: Target): Promise<ModelState | undefined> {
    return this.#advances.advance(lane, through, target);
  }

  #advance(reached: ReadonlyMap<string, Position>, target: Target): Promise<ModelState | undefined> {
    const { live, building, erasures } = target;
    const written = building === undefined ? [live] : [live, building];
    const progress = written.flatMap((generation) =>
      [...reached].map(([lane, through]) => [`${generationField(generation)}.lanes.${lane}`, through] as const),
    );
    const built = building === undefined ? { building: null } : { 'building.generation': building };
    return this.#change({ live, erasures, ...built }, { $max: Object.fromEntries(progress) });
  }

  /** From the lane's progress on its writer writes to the generation that is being built, too. */
  join(state: ModelState, lane: string): Promise<ModelState | undefined> {
    const [live, building] = [state.live!, state.building!.generation];
    const stands = `${generationField(live)}.lanes.${lane}`;
    const stored = generationState(state, live).lanes[lane];
    const from = `${generationField(building)}.from.${lane}`;
    return this.#change(
      {
        live,
        'building.generation': building,
        [stands]: stored ?? { $exists: false },
        [from]: { $exists: false },
      },
      { $set: { [from]: laneProgress(state, live, lane) }, $inc: { version: 1 } },
    );
  }

  announceErasure(): Promise<ModelState | undefined> {
    return this.#change({}, { $inc: { erasures: 1, version: 1 } });
  }

  /** In place of the build that `state` has, which is none or nobody's any more. */
  beginBuild(state: ModelState, generation: number, builder: string): Promise<ModelState | undefined> {
    const left = state.building;
    const unclaimed =
      left === null ? { building: null } : { 'building.builder': left.builder, 'building.beat': left.beat };
    return this.#change(unclaimed, {
      $set: {
        building: { generation, builder, beat: 0, through: 0 },
        [generationField(generation)]: fresh(),
      },
      ...(left === null ? {} : discard(left.generation)),
      $inc: { version: 1 },
    });
  }

  advanceBuild(builder: string, through: Position, erasures: number): Promise<ModelState | undefined> {
    return this.#change(
      { 'building.builder': builder, erasures },
      { $max: { 'building.through': through }, $inc: { 'building.beat': 1 } },
    );
  }

  beat(builder: string): Promise<ModelState | undefined> {
    return this.#change({ 'building.builder': builder }, { $inc: { 'building.beat': 1 } });
  }

  abandonBuild(builder: string, generation: number): Promise<ModelState | undefined> {
    return this.#change(
      { 'building.builder': builder },
      { $set: { building: null }, ...discard(generation), $inc: { version: 1 } },
    );
  }

  /** Undefined: something has changed since `state`; it is to be looked at again. */
  async swap(state: ModelState, builder: string): Promise<ModelState | undefined> {
    const { live } = state;
    const { generation, through } = state.building!;
    const { from } = generationState(state, generation);
    const apart = live === null ? [] : state.lanes.filter((lane) => from[lane] === undefined);
    const behind = apart.map(
      (lane) => [`${generationField(live!)}.lanes.${lane}`, { $not: { $gt: through } }] as const,
    );
    if (neededOfBuild(state) > through) return undefined;
    return this.#change(
      { version: state.version, 'building.builder': builder, ...Object.fromEntries(behind) },
      {
        $set: { live: generation, building: null, [`${generationField(generation)}.floor`]: through },
        ...(live === null ? {} : discard(live)),
        $inc: { version: 1 },
      },
    );
  }

  dropped(generation: number): Promise<ModelState | undefined> {
    return this.#change({}, { $pull: { retired: generation } });
  }
}

const fresh = (): GenerationState => ({ layout: LAYOUT, floor: 0, lanes: {}, from: {} });

const discard = (generation: number) => ({
  $unset: { [generationField(generation)]: 1 },
  $addToSet: { retired: generation },
});
