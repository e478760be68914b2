import { clearTimeout, setTimeout } from 'node:timers';
import type { Position } from '@anamnesis/kernel';

/** Knows the position of the log's last event, and when it moves. */
export interface HeadWatch {
  head(): Position;
  /**
   * Calls `wake` once: when the head stands above `past`, or after a while in any case. Answers what calls it off.
   * The thread stays alive meanwhile.
   */
  watch(past: Position, wake: () => void): () => void;
}

/** How long a waiter sleeps at most, in milliseconds: no lost notification can stall it for longer. */
const LONGEST_WAIT_MS = 1_000;

/** The head of an open log in memory that all threads of the process share (`buffer` goes into `workerData`). */
export class HeadSignal implements HeadWatch {
  readonly buffer: SharedArrayBuffer;
  readonly #head: BigInt64Array;
  readonly #sleepers = new Set<() => void>();
  #armed = false;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#head = new BigInt64Array(buffer);
  }

  head(): Position {
    return Number(Atomics.load(this.#head, 0));
  }

  /** For the writer, after a commit. */
  advance(head: Position): void {
    Atomics.store(this.#head, 0, BigInt(head));
    Atomics.notify(this.#head, 0);
  }

  watch(past: Position, wake: () => void): () => void {
    const seen = Atomics.load(this.#head, 0);
    const sleeper = once(wake, Number(seen) > past ? 0 : LONGEST_WAIT_MS, () => this.#sleepers.delete(sleeper.fire));
    this.#sleepers.add(sleeper.fire);
    if (Number(seen) <= past) this.#arm(seen);
    return sleeper.cancel;
  }

  /** One wait serves all sleepers of the thread. It is for the value they saw, so that no move falls in between. */
  #arm(seen: bigint): void {
    if (this.#armed) return;
    const wait = Atomics.waitAsync(this.#head, 0, seen, 60 * LONGEST_WAIT_MS);
    this.#armed = true;
    void Promise.resolve(wait.value).then(() => {
      this.#armed = false;
      for (const fire of [...this.#sleepers]) fire();
    });
  }
}

/** The head as the file says it, asked for at intervals: for a log whose owner is another process. */
export class PolledHead implements HeadWatch {
  readonly #read: () => Position;
  readonly #everyMs: number;

  constructor(read: () => Position, everyMs: number) {
    this.#read = read;
    this.#everyMs = everyMs;
  }

  head(): Position {
    return this.#read();
  }

  watch(_past: Position, wake: () => void): () => void {
    return once(wake, this.#everyMs).cancel;
  }
}

/** Calls `wake` at the first `fire`, at the latest after `ms`, and never after `cancel`. */
function once(wake: () => void, ms: number, done?: () => void): { fire: () => void; cancel: () => void } {
  const cancel = (): void => {
    clearTimeout(timer);
    done?.();
  };
  const fire = (): void => {
    cancel();
    wake();
  };
  const timer = setTimeout(fire, ms);
  return { fire, cancel };
}
