/** The pause before a delivery is tried again doubles from the first to the longest, in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const BACKOFF: Backoff = { firstMs: 100, longestMs: 10_000 };

/** How long to wait after so many tries have failed, from 1. */
export function pauseOf({ firstMs, longestMs }: Backoff, attempt: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
}

/** A try that failed and will be repeated; for logs and health. */
export interface ConsumeFailure {
  readonly group: string;
  readonly lane: string;
  /** How many tries of this delivery have failed by now, from 1. */
  readonly attempt: number;
  readonly error: unknown;
}
