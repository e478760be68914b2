import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '@anamnesis/kernel';

/** How long to sleep at most: no lost notification can stall the sequencer for longer. */
const LONGEST_MS = 1_000;
const POLL_MS = 50;

/** Resolves when the log may have grown past `position`; by shared memory where there is some, else after a while. */
export async function headMoved(head: SharedArrayBuffer | undefined, position: Position): Promise<void> {
  if (!head) {
    await sleep(POLL_MS);
    return;
  }
  const wait = Atomics.waitAsync(new BigInt64Array(head), 0, BigInt(position), LONGEST_MS);
  await wait.value;
}
