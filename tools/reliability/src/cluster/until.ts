import { setTimeout as wait } from 'node:timers/promises';

const PAUSE_MS = 200;

export interface Limit {
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Looks until there is something other than undefined; a look that throws found nothing. Rejects after the limit, and
 * when it is given up.
 */
export async function until<T>(
  what: string,
  { limitMs, signal }: Limit,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (let last: unknown; ;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    signal?.throwIfAborted();
    if (performance.now() > deadline) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`waited ${Math.round(limitMs / 1_000)} s in vain for ${what}${why}`, { cause: last });
    }
    await wait(PAUSE_MS);
  }
}
