interface Failures {
  count: number;
  /** Milliseconds since the epoch. */
  until: number;
}

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 900_000;
const CAPACITY = 10_000;

/**
 * Makes who guesses passwords wait: from the fifth failure on a user name, a minute, then twice as long each time, up
 * to a quarter of an hour. Names of users stay until they succeed; of other names, so that they cannot be told apart
 * from users', the newest 10,000 stay.
 */
export class SignInThrottle {
  readonly #now: () => number;
  readonly #isUser: (username: string) => boolean;
  readonly #users = new Map<string, Failures>();
  readonly #others = new Map<string, Failures>();

  constructor(isUser: (username: string) => boolean, now: () => number = Date.now) {
    this.#isUser = isUser;
    this.#now = now;
  }

  /**
   * Milliseconds to wait; 0 lets the attempt go on, and counts it as failed until `succeeded` says otherwise, so that
   * a hundred guesses at once are no more than a hundred in a row.
   */
  attempt(username: string): number {
    const failures = this.#of(username);
    const now = this.#now();
    if (failures.until > now) return failures.until - now;
    failures.count += 1;
    if (failures.count >= FREE_FAILURES) {
      const wait = FIRST_WAIT_MS * 2 ** Math.min(failures.count - FREE_FAILURES, 10);
      failures.until = now + Math.min(wait, LONGEST_WAIT_MS);
    }
    return 0;
  }

  succeeded(username: string): void {
    this.#users.delete(username);
  }

  #of(username: string): Failures {
    const isUser = this.#isUser(username);
    const names = isUser ? this.#users : this.#others;
    let failures = names.get(username);
    if (failures === undefined) {
      if (!isUser && names.size >= CAPACITY) names.delete(names.keys().next().value!);
      names.set(username, (failures = { count: 0, until: 0 }));
    }
    return failures;
  }
}
