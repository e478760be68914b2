import type { Position } from '@anamnesis/kernel';

/** The lane of whoever names none. */
export const ONLY_LANE = 'log';

export interface GenerationState {
  readonly layout: number;
  /** Everything up to here is in it, of every lane. */
  readonly floor: Position;
  /** How far each lane has come that was written since. */
  readonly lanes: Readonly<Record<string, Position>>;
  /** Of a generation that is being built: the lanes that write to it as well, and from where on. */
  readonly from: Readonly<Record<string, Position>>;
}

/**
 * The pointer document of a read model: which generation is live, which is being built, and how far each has come.
 * It is one document so that a lane's progress and the pointer change in one order that all processes agree on.
 */
export interface ModelState {
  readonly _id: string;
  /** Counts changes of all but progress. */
  readonly version: number;
  /** Of the keyed hashes. */
  readonly seed: readonly [number, number];
  /** The last number that was given to a generation. */
  readonly last: number;
  readonly live: number | null;
  readonly building: null | {
    readonly generation: number;
    /** Whose build it is, and a count that grows while that one lives. */
    readonly builder: string;
    readonly beat: number;
    /** Everything up to here has been loaded. */
    readonly through: Position;
  };
  /** The lanes there are, encoded. */
  readonly lanes: readonly string[];
  readonly generations: Readonly<Record<string, GenerationState>>;
  /** Counts erasures: whoever writes compares it, and looks again at what it wrote when there was one meanwhile. */
  readonly erasures: number;
  /** Generations to be dropped once nobody can be reading them. */
  readonly retired: readonly number[];
}

export type LiveState = ModelState & { readonly live: number };

/** A lane as the name of a field, which may hold no dot and begin with no dollar. */
export const laneField = (lane: string): string => encodeURIComponent(lane).replaceAll('.', '%2E');

export const generationField = (generation: number): string => `generations.g${generation}`;

export function generationState(state: ModelState, generation: number): GenerationState {
  return state.generations[`g${generation}`] ?? { layout: 0, floor: 0, lanes: {}, from: {} };
}

export function laneProgress(state: ModelState, generation: number, lane: string): Position {
  const { floor, lanes } = generationState(state, generation);
  return Math.max(floor, lanes[lane] ?? 0);
}

/** The least of the known lanes; one that has not been heard of counts as where the generation was begun. */
export function modelProgress(state: ModelState): Position {
  if (state.live === null) return 0;
  if (state.lanes.length === 0) return generationState(state, state.live).floor;
  return Math.min(...state.lanes.map((lane) => laneProgress(state, state.live!, lane)));
}

/** Whether the writers of the lane write to the generation that is being built as well. */
export const hasJoined = (state: ModelState, lane: string): boolean =>
  state.building !== null && generationState(state, state.building.generation).from[lane] !== undefined;

/**
 * How far the build must have been loaded before it can take the place of the live generation without a gap: to where
 * a lane began to write to both, or to where it stands while it does not.
 */
export function neededOfBuild(state: ModelState): Position {
  if (state.building === null) return 0;
  const { from } = generationState(state, state.building.generation);
  return Math.max(
    0,
    ...state.lanes.map((lane) => from[lane] ?? (state.live === null ? 0 : laneProgress(state, state.live, lane))),
  );
}
