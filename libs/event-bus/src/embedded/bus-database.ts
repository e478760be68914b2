import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';

/**
 * `bus.sqlite` in the data folder. `synchronous=NORMAL`: a checkpoint costs no fsync, and a power failure may take
 * back the last ones. That repeats deliveries, which every consumer must bear anyway.
 */
export function openBusDatabase(folder: string): DatabaseSync {
  return reaching(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'bus.sqlite');
    const fresh = !existsSync(path);
    const database = new DatabaseSync(path, { timeout: 5_000 });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    if (fresh) chmodSync(path, 0o600);
    return database;
  });
}

/** Runs a statement; what fails is a fault of the bus. */
export function reaching<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Fault('bus-unavailable', "The bus's own file cannot be reached.", { retryable: true, cause });
  }
}
