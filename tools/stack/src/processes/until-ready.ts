import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { StartedProcess } from './started-process.ts';

const PAUSE_MS = 100;

/** It ended, or was not ready in time; the message has the end of its log. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

export interface Patience {
  readonly limitMs: number;
  /** Between two looks; 100 by default. */
  readonly pauseMs?: number;
}

/** Looks until `isReady` answers true. A look that throws is a no. */
export async function untilReady(
  started: StartedProcess,
  isReady: () => Promise<boolean>,
  { limitMs, pauseMs = PAUSE_MS }: Patience,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  const { name } = started.spec;
  while (!(await isReady().catch(() => false))) {
    const what = !started.running
      ? 'ended at its start'
      : performance.now() > deadline
        ? `was not ready within ${Math.round(limitMs / 1000)} s`
        : undefined;
    if (what !== undefined) throw new NotReady(`${name} ${what}. Its log ends:\n${started.logTail()}`);
    await Promise.race([pause(pauseMs), started.ended]);
  }
}

/** Whether somebody takes connections there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
      .once('connect', () => socket.end(() => resolve(true)))
      .once('error', () => resolve(false));
  });
}

/** The status that an address answers with; undefined: it does not answer. */
export async function statusOf(url: string, limitMs = 5_000): Promise<number | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return undefined;
  }
}
