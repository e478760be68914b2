import type { Worker } from 'node:worker_threads';
import { Fault, type Position } from '@anamnesis/kernel';
import type { ReadModelWriter } from '@anamnesis/read-store';
import type { ProjectedStretch } from '../thread-messages.ts';
import { unpack } from './packed-operations.ts';
import { Stretches } from './stretches.ts';

/** Stretches that a projecting thread has in hand: one to work on, the rest so that it never waits. */
const AHEAD = 3;

interface Goal {
  readonly slack: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Loads a generation with what projecting threads make of the log, in the log's order. */
export class LoadGeneration {
  readonly #writer: ReadModelWriter;
  readonly #head: () => Position;
  readonly #onProgress: (done: Position) => void;
  readonly #stretches = new Stretches();
  readonly #inHand = new Map<Worker, number>();
  #work = Promise.resolve();
  #goal: Goal | undefined;
  #failure: unknown;

  constructor(
    writer: ReadModelWriter,
    projectors: readonly Worker[],
    head: () => Position,
    onProgress: (done: Position) => void,
  ) {
    this.#writer = writer;
    this.#head = head;
    this.#onProgress = onProgress;
    for (const projector of projectors) {
      this.#inHand.set(projector, 0);
      projector.on('error', (error) => this.#fail(error));
      projector.on('exit', () => this.#fail(new Fault('stopping', 'A projecting thread has ended.')));
      projector.on('message', (projected: ProjectedStretch) => {
        this.#work = this.#work.then(() => this.#receive(projector, projected));
        this.#work.catch((error: unknown) => this.#fail(error));
      });
    }
  }

  /** Resolves when no more than `slack` positions are left to the head. */
  reach(slack: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure as Error);
      this.#goal = { slack, resolve, reject };
      for (const projector of this.#inHand.keys()) this.#give(projector);
      this.#settle();
    });
  }

  async #receive(projector: Worker, projected: ProjectedStretch): Promise<void> {
    this.#inHand.set(projector, this.#inHand.get(projector)! - 1);
    this.#stretches.put(projected);
    for (let next = this.#stretches.take(); next; next = this.#stretches.take()) {
      await this.#writer.apply(unpack(next.packed), next.to);
    }
    this.#onProgress(this.#stretches.taken);
    this.#give(projector);
    this.#settle();
  }

  #give(projector: Worker): void {
    for (let inHand = this.#inHand.get(projector)!; this.#goal && inHand < AHEAD; inHand += 1) {
      const stretch = this.#stretches.next(this.#head());
      if (!stretch) return;
      projector.postMessage(stretch);
      this.#inHand.set(projector, inHand + 1);
    }
  }

  #settle(): void {
    if (!this.#goal || this.#head() - this.#stretches.taken > this.#goal.slack) return;
    this.#goal.resolve();
    this.#goal = undefined;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#goal?.reject(error);
    this.#goal = undefined;
  }
}
