/** Keeps a token alive: renews it when two thirds of its life are over, and lets it go when it cannot be renewed. */
export interface RenewalOptions {
  /** Asks the server about its own token, or renews it; undefined when the token was refused. */
  readonly ask: (what: 'lookup-self' | 'renew-self') => Promise<TokenLife | undefined>;
  /** The token cannot be renewed any further: a new one is needed. */
  readonly spent: () => void;
}

export interface TokenLife {
  /** Seconds left; 0: it never ends. */
  readonly ttl: number;
  readonly renewable: boolean;
}

const TRY_AGAIN_MS = 5_000;
const LOOK_AGAIN_MS = 30_000;
const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1_000;

export class TokenRenewal {
  readonly #options: RenewalOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** The longest life that this token had, in seconds. */
  #longest = 0;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** Looks at the token that is used from now on. */
  async watch(): Promise<void> {
    this.#longest = 0;
    await this.#next('lookup-self');
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #next(what: 'lookup-self' | 'renew-self'): Promise<void> {
    try {
      const life = await this.#options.ask(what);
      // A renewal that gives much less than once has met the token's greatest life.
      if (!life || (what === 'renew-self' && life.ttl > 0 && life.ttl < this.#longest / 2)) {
        this.#options.spent();
        return this.#after(LOOK_AGAIN_MS, 'lookup-self');
      }
      if (life.ttl === 0) return;
      this.#longest = Math.max(this.#longest, life.ttl);
      const due = (life.ttl * 1_000 * 2) / 3;
      // One that cannot be renewed is replaced in time, where it can be.
      if (life.renewable) return this.#after(due, 'renew-self');
      this.#after(due, 'lookup-self', () => this.#options.spent());
    } catch {
      // No answer now: the calls that need the token say so themselves.
      this.#after(TRY_AGAIN_MS, what);
    }
  }

  #after(milliseconds: number, what: 'lookup-self' | 'renew-self', first?: () => void): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        first?.();
        void this.#next(what);
      },
      Math.min(milliseconds, LONGEST_PAUSE_MS),
    );
    this.#timer.unref();
  }
}
