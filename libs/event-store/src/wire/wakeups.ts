import type { CommitBell } from './commit-bell.ts';

/** Lets one reader sleep until something is committed; a ring while it was busy is not lost. */
export class Wakeups {
  readonly #silence: () => void;
  readonly #gone: AbortSignal;
  #rung = false;
  #wake: (() => void) | undefined;

  /** `stream`: its name in the log, or undefined for any. */
  constructor(bell: CommitBell, stream: string | undefined, gone: AbortSignal) {
    this.#gone = gone;
    this.#silence = bell.listen(stream, this.#ring);
    gone.addEventListener('abort', this.#ring, { once: true });
  }

  /** Resolves at the next commit, or at once if there was one since the last call. */
  async next(): Promise<void> {
    if (!this.#rung && !this.#gone.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#rung = false;
    this.#wake = undefined;
  }

  stop(): void {
    this.#silence();
    this.#gone.removeEventListener('abort', this.#ring);
  }

  readonly #ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };
}
