import { overBudget } from './faults.ts';

/** How long one query may still take, over all that it asks the database. */
export class Budget {
  readonly #deadline: number;

  constructor(ms: number) {
    this.#deadline = performance.now() + ms;
  }

  /** For one operation. Throws `overloaded` when nothing is left. */
  get options(): { readonly maxTimeMS: number } {
    const left = Math.floor(this.#deadline - performance.now());
    if (left < 1) throw overBudget();
    return { maxTimeMS: left };
  }
}
