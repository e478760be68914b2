import { Fault, type Position } from '@anamnesis/kernel';
import type { Operation, ReadModelWriter } from '../port.ts';
import { guarded, stopping, unavailable } from './faults.ts';
import { hasJoined, laneProgress, type ModelState, type LiveState } from './model-state.ts';
import type { Target } from './pointer.ts';
import { writeStretches, type Writing } from './writing.ts';

/** Changes of the pointer, or erasures by others, that one batch is written anew for. */
const ATTEMPTS = 20;

/**
 * Writes one lane to the live generation and, while one is being built, to that one too. A batch counts when its
 * lane's progress is recorded, which happens only while the pointer still says what the batch was written by. So no
 * batch is lost between two generations, whoever builds and swaps them: else it is written once more, harmlessly.
 */
export class LaneWriter implements ReadModelWriter {
  readonly #writing: Writing;
  readonly #lane: string;
  readonly #onClose: () => void;
  readonly #unlisten: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #joining = false;
  #closing: Promise<void> | undefined;

  /** `lane`: encoded. */
  constructor(writing: Writing, lane: string, onClose: () => void) {
    this.#writing = writing;
    this.#lane = lane;
    this.#onClose = onClose;
    this.#unlisten = writing.watch.listen((state) => this.#noticed(state));
  }

  apply(operations: readonly Operation[], through: Position): Promise<void> {
    return this.#inTurn(async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if (await this.#attempt(operations, through)) return;
        await this.#writing.watch.look();
      }
      throw unavailable();
    });
  }

  /** False: something changed meanwhile. */
  async #attempt(operations: readonly Operation[], through: Position): Promise<boolean> {
    const { pointer, watch } = this.#writing;
    const state = await this.#joined();
    const target: Target = {
      live: state.live,
      building: state.building?.generation,
      erasures: state.erasures,
    };
    const numbers = target.building === undefined ? [target.live] : [target.live, target.building];
    const generations = await Promise.all(numbers.map((number) => this.#writing.collection(number)));
    const known = await writeStretches(this.#writing, generations, operations, state.erasures);
    if (known === undefined) return false;
    const reached = await pointer.advance(this.#lane, through, { ...target, erasures: known });
    if (reached === undefined) return false;
    watch.learn(reached);
    return true;
  }

  /** The state to write by, in which the lane writes to whatever is being built. */
  async #joined(): Promise<LiveState> {
    const { pointer, watch } = this.#writing;
    let state = watch.known ?? (await watch.look());
    for (;;) {
      if (state === undefined || state.live === null) throw gone();
      if (state.building === null || hasJoined(state, this.#lane)) return state as LiveState;
      const joined = await pointer.join(state, this.#lane);
      if (joined !== undefined) watch.learn(joined);
      state = joined ?? (await watch.look());
    }
  }

  /** A quiet lane joins as well: a swap waits for all. */
  #noticed(state: ModelState): void {
    if (this.#joining || state.building === null || state.live === null || hasJoined(state, this.#lane)) return;
    this.#joining = true;
    // What fails here is tried again with the next look, or batch.
    void this.#inTurn(() => this.#joined())
      .catch(() => undefined)
      .finally(() => (this.#joining = false));
  }

  progress(): Promise<Position> {
    return this.#inTurn(async () => {
      const state = await this.#writing.watch.look();
      if (state === undefined || state.live === null) throw gone();
      return laneProgress(state, state.live, this.#lane);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(stopping());
    const done = this.#last.then(() => guarded(work));
    this.#last = done.catch(() => undefined);
    return done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.then(() => {
      this.#unlisten();
      this.#onClose();
    });
    return this.#closing;
  }
}

const gone = () => new Fault('read-model-unavailable', 'The read model has gone; run `anamnesis rebuild`');
