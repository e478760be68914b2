import { Fault, type Position } from '@anamnesis/kernel';
import type { Operation, ReadModelWriter } from '../port.ts';
import { guarded, stopping, unavailable } from './faults.ts';
import type { ModelState } from './model-state.ts';
import { writeStretches, type Writing } from './writing.ts';

/** A build gathers operations up to these bounds and writes them at once: versions of one document become one write. */
const SPOOL_OPERATIONS = 5_000;
const SPOOL_CHARACTERS = 16 * 1024 * 1024;
/** How often a build that rests shows that it lives. */
export const BEAT_MS = 2_000;
const ATTEMPTS = 20;

/** Loads a generation that nobody reads yet. Progress runs ahead of the database; `flush` brings it up. */
export class BuildWriter implements ReadModelWriter {
  readonly generation: number;
  readonly builder: string;
  readonly #writing: Writing;
  readonly #onClose: (swapped: boolean) => Promise<void>;
  readonly #beating: NodeJS.Timeout;
  #spool: Operation[] = [];
  #characters = 0;
  #through: Position = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(writing: Writing, generation: number, builder: string, onClose: (swapped: boolean) => Promise<void>) {
    this.#writing = writing;
    this.generation = generation;
    this.builder = builder;
    this.#onClose = onClose;
    this.#beating = setInterval(() => void writing.pointer.beat(builder).catch(() => undefined), BEAT_MS).unref();
  }

  apply(operations: readonly Operation[], through: Position): Promise<void> {
    return this.#inTurn(async () => {
      for (const operation of operations) {
        this.#spool.push(operation);
        if ('put' in operation) this.#characters += operation.put.body.length + 100 * operation.put.entries.length;
      }
      this.#through = Math.max(this.#through, through);
      if (this.#spool.length >= SPOOL_OPERATIONS || this.#characters >= SPOOL_CHARACTERS) await this.#flush();
    });
  }

  async progress(): Promise<Position> {
    if (this.#closing !== undefined) throw stopping();
    return this.#through;
  }

  /** Everything that was applied is in the database. Answers the model's state then. */
  flush(): Promise<ModelState> {
    return this.#inTurn(() => this.#flush());
  }

  async #flush(): Promise<ModelState> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const reached = await this.#attempt();
      if (reached === undefined) continue;
      this.#spool = [];
      this.#characters = 0;
      return reached;
    }
    throw unavailable();
  }

  async #attempt(): Promise<ModelState | undefined> {
    const { pointer, watch } = this.#writing;
    const state = await watch.look();
    if (state?.building?.builder !== this.builder) throw displaced();
    const generation = await this.#writing.collection(this.generation);
    const known = await writeStretches(this.#writing, [generation], this.#spool, state.erasures);
    if (known === undefined) return undefined;
    const reached = await pointer.advanceBuild(this.builder, this.#through, known);
    if (reached !== undefined) watch.learn(reached);
    return reached;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(stopping());
    const done = this.#last.then(() => guarded(work));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** `swapped`: the generation is live now, and stays. */
  end(swapped: boolean): Promise<void> {
    this.#closing ??= this.#last.then(async () => {
      clearInterval(this.#beating);
      this.#spool = [];
      await this.#onClose(swapped);
    });
    return this.#closing;
  }

  close(): Promise<void> {
    return this.end(false);
  }
}

const displaced = () => new Fault('store-in-use', 'Another build has taken the place of this one');
