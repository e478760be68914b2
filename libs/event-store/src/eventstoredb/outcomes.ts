import type { Outcome } from './raw.ts';

const CAPACITY = 50_000;

/** How batches ended, of those met last. An outcome never changes, so what is here needs no second look. */
export class Outcomes {
  readonly #outcomes = new Map<string, Outcome>();

  get(batch: string): Outcome | undefined {
    return this.#outcomes.get(batch);
  }

  set(batch: string, outcome: Outcome): void {
    this.#outcomes.set(batch, outcome);
    if (this.#outcomes.size > CAPACITY) this.#outcomes.delete(this.#outcomes.keys().next().value!);
  }
}
