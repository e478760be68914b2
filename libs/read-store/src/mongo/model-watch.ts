import { Fault, type Position } from '@anamnesis/kernel';
import type { Database } from './database.ts';
import { guarded, notYetBuilt } from './faults.ts';
import { modelProgress, type LiveState, type ModelState } from './model-state.ts';
import type { Pointer } from './pointer.ts';

/** Pauses between looks while somebody waits for progress: short at first, then longer. */
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 64;
/** How often open writers look whether a generation is being built. */
const WRITERS_LOOK_MS = 400;

interface Waiter {
  readonly position: Position;
  resolve(): void;
}

/** What is known of a read model in this process: everybody's looks at the pointer document are shared. */
export class ModelWatch {
  readonly #database: Database;
  readonly #pointer: Pointer;
  readonly #listeners = new Set<(state: ModelState) => void>();
  readonly #waiters = new Set<Waiter>();
  #state: ModelState | undefined;
  #seenAt = -Infinity;
  #reading: Promise<ModelState | undefined> | undefined;
  #next: Promise<ModelState | undefined> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #closed = false;

  constructor(database: Database, pointer: Pointer) {
    this.#database = database;
    this.#pointer = pointer;
  }

  /** The newest that is known, however old. */
  get known(): ModelState | undefined {
    return this.#state;
  }

  get #progress(): Position {
    return this.#state === undefined ? 0 : modelProgress(this.#state);
  }

  /** Milliseconds since it was so. */
  get age(): number {
    return performance.now() - this.#seenAt;
  }

  /** Looks: the answer is not older than the call. Calls that come while a look is under way share the next one. */
  look(): Promise<ModelState | undefined> {
    if (this.#reading === undefined) return (this.#reading = this.#read());
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return (this.#reading = this.#read());
      });
    return this.#next;
  }

  async #read(): Promise<ModelState | undefined> {
    const asked = performance.now();
    try {
      const state = await guarded(() => this.#pointer.read());
      if (state !== undefined) this.learn(state, asked);
      return state;
    } finally {
      if (this.#next === undefined) this.#reading = undefined;
    }
  }

  /** Throws `read-model-unavailable` when the model has no live generation. */
  async live(maxAgeMs: number): Promise<LiveState> {
    if (isLive(this.#state) && this.age <= maxAgeMs) return this.#state;
    const state = await this.look();
    if (!isLive(state)) {
      await guarded(() => this.#database.assertPrepared());
      throw notYetBuilt();
    }
    return state;
  }

  /** Takes what somebody was answered at `asked`. */
  learn(state: ModelState, asked = performance.now()): void {
    if (this.#state === undefined || !isOlder(state, this.#state)) this.#state = state;
    this.#seenAt = Math.max(this.#seenAt, asked);
    const progress = modelProgress(this.#state);
    for (const waiter of this.#waiters) if (progress >= waiter.position) waiter.resolve();
    for (const listener of this.#listeners) listener(this.#state);
  }

  /** Tells every state that is learned from now on, and looks now and then. */
  listen(listener: (state: ModelState) => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => void this.look().catch(() => undefined), WRITERS_LOOK_MS).unref();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Resolves when the model's progress has reached the position; rejects with `read-model-behind` after the time. */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (position <= this.#progress) return;
    let late: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { position, resolve };
        this.#waiters.add(waiter);
        // Whoever would not wait is answered by a look all the same.
        late = setTimeout(
          () =>
            void this.look()
              .finally(() => reject(behind()))
              .catch(() => undefined),
          timeoutMs,
        );
        void this.#poll();
      });
    } finally {
      clearTimeout(late);
      this.#waiters.delete(waiter!);
    }
  }

  /** One for all who wait. A database that does not answer may answer before their time is over. */
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    let pause = FIRST_PAUSE_MS;
    let waiting = this.#waiters.size;
    while (this.#waiters.size > 0 && !this.#closed) {
      const before = this.#progress;
      await this.look().catch(() => undefined);
      const moved = this.#progress > before;
      // Somebody new may wait for what is about to come.
      pause = moved || this.#waiters.size > waiting ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
      waiting = this.#waiters.size;
      if (waiting > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#polling = false;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#listeners.clear();
  }
}

const isLive = (state: ModelState | undefined): state is LiveState => state !== undefined && state.live !== null;

const behind = () =>
  new Fault('read-model-behind', 'The read model has not reached the position yet', { retryable: true });

/** Answers may overtake each other. Within one version progress only grows. */
function isOlder(state: ModelState, than: ModelState): boolean {
  if (state.version !== than.version) return state.version < than.version;
  return modelProgress(state) < modelProgress(than);
}
