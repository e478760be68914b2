import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';
import { asFault } from './faults.ts';

/** How often, and how long, a scrub waits for readers to let go of the write-ahead log before it reports a fault. */
const ATTEMPTS = 250;
const PAUSE_MS = 20;

/** Whether a purge was committed whose traces are not yet scrubbed: a crash may have come between. */
export function scrubIsDue(db: DatabaseSync): boolean {
  return db.prepare("SELECT value FROM state WHERE name = 'scrub'").get()?.['value'] === 1;
}

/**
 * Takes what purges deleted out of the write-ahead log and out of unused space. Readers can hold it up for as long as
 * one query takes. Nothing may be written meanwhile. Rejects with a retryable Fault, and is then still due.
 */
export async function scrub(db: DatabaseSync): Promise<void> {
  await cutLog(db);
  const child = fork(new URL('./scrub-process.ts', import.meta.url), [db.location()!], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) {
    throw new Fault('store-unavailable', 'An erasure could not be scrubbed from the read model', { retryable: true });
  }
  db.exec("UPDATE state SET value = 0 WHERE name = 'scrub'");
}

async function cutLog(db: DatabaseSync): Promise<void> {
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      if (checkpoint.get()?.['busy'] === 0) return;
    } catch (error) {
      const fault = asFault(error);
      if (!(fault instanceof Fault && fault.retryable)) throw fault;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Fault('store-unavailable', 'Readers keep an erasure in the read model’s log', { retryable: true });
}
