import type { Instant, Position } from '@anamnesis/kernel';

/** Every so many records a mark is kept: ten thousand marks for ten million records. */
const SPACING = 512;

/** Up to `position` the running maximum of commit times is `latest`. */
export interface TimeMark {
  readonly position: Position;
  readonly latest: Instant;
}

const START: TimeMark = { position: 0, latest: Number.NEGATIVE_INFINITY };

/** Remembers how late it was at some positions of the log; it grows at its end as the log is read. */
export class TimeMarks {
  readonly #marks: TimeMark[] = [START];

  /** The last mark up to which nothing was committed after `instant`. */
  before(instant: Instant): TimeMark {
    let [low, high] = [0, this.#marks.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#marks[middle]!.latest <= instant) low = middle;
      else high = middle;
    }
    return this.#marks[low]!;
  }

  /** Follows a reader that takes up the log at a mark. */
  walkFrom(mark: TimeMark): { pass(position: Position, at: Instant): void } {
    let { latest } = mark;
    let passed = 0;
    return {
      pass: (position, at) => {
        latest = Math.max(latest, at);
        if (++passed % SPACING === 0 && position > this.#marks.at(-1)!.position) this.#marks.push({ position, latest });
      },
    };
  }
}
