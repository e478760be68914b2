import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from './client-fault.ts';
import type { Waiting } from './step.ts';

/** How much longer a batch gets for each stream that it touches, in milliseconds. */
const PER_STREAM_MS = 5;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/** How the protocol's waiting is done: with pauses that grow, and for so long. */
export class Patience {
  readonly #patienceMs: number;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Answers false, without a pause, when an undecided batch has had its time. */
  async wait(why: Waiting, turn: number, closing: AbortSignal): Promise<boolean> {
    if (why === 'contended') {
      await pauseFor(pauseOf(turn) * Math.random(), closing);
      return true;
    }
    let waited = 0;
    for (let before = 0; before < turn; before++) waited += pauseOf(before);
    if (waited >= this.#patienceMs + PER_STREAM_MS * why.undecidedOver) return false;
    await pauseFor(pauseOf(turn), closing);
    return true;
  }
}

/** Throws `Fault('store-unavailable')` when the store closes meanwhile. */
export async function pauseFor(ms: number, closing: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: closing }).catch((cause: unknown) => {
    throw unavailable(cause);
  });
}

function pauseOf(turn: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** turn, LONGEST_PAUSE_MS);
}
