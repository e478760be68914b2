import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, type FaultCode } from '@anamnesis/kernel';

export interface BackOffOptions {
  readonly signal: AbortSignal;
  /** Called with the fault's code before each wait, and with undefined when the work has succeeded after one. */
  readonly onWaiting: (code: FaultCode | undefined) => void;
  /** The first wait, doubled each time up to the longest, in milliseconds. */
  readonly firstMs?: number;
  readonly longestMs?: number;
}

/**
 * Repeats work until it succeeds: a projection has nothing better to do than to wait for its vault or its disk.
 * Throws what is no `Fault`, and `stopping` once the signal says so.
 */
export async function persist<T>(work: () => Promise<T>, options: BackOffOptions): Promise<T> {
  const { signal, onWaiting, firstMs = 50, longestMs = 5_000 } = options;
  for (let waitMs = firstMs, waited = false; ; waitMs = Math.min(longestMs, waitMs * 2)) {
    try {
      const result = await work();
      if (waited) onWaiting(undefined);
      return result;
    } catch (error) {
      if (!(error instanceof Fault) || error.code === 'stopping') throw error;
      onWaiting(error.code);
      waited = true;
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new Fault('stopping', 'The projection is being stopped.');
  }
}
