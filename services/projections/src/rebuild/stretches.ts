import type { Position } from '@anamnesis/kernel';
import type { ProjectedStretch, Stretch } from '../thread-messages.ts';

/** Positions of one stretch: enough that a message costs little, few enough that its objects die young. */
const LENGTH = 250;

/** Cuts the log into stretches, hands them out, and gives the results back in the log's order. */
export class Stretches {
  #cut: Position = 0;
  #taken: Position = 0;
  readonly #waiting = new Map<Position, ProjectedStretch>();

  /** The next stretch below `head`; undefined when there is none. */
  next(head: Position): Stretch | undefined {
    if (this.#cut >= head) return undefined;
    const stretch = { from: this.#cut, to: Math.min(this.#cut + LENGTH, head) };
    this.#cut = stretch.to;
    return stretch;
  }

  put(stretch: ProjectedStretch): void {
    this.#waiting.set(stretch.from, stretch);
  }

  /** The stretch that follows what was taken before, once it is there. */
  take(): ProjectedStretch | undefined {
    const stretch = this.#waiting.get(this.#taken);
    if (!stretch) return undefined;
    this.#waiting.delete(stretch.from);
    this.#taken = stretch.to;
    return stretch;
  }

  /** Everything up to here was taken. */
  get taken(): Position {
    return this.#taken;
  }
}
