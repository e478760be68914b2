import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { Fault } from '@anamnesis/kernel';
import { toFault } from './sqlite-fault.ts';

/**
 * Keeps a data folder to one owner. The lock is an exclusive transaction on a small database: SQLite holds it with
 * the operating system's file locks, which end with the process, also when it is killed.
 */
export class FolderLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Throws `Fault('store-in-use')` while another owner lives, `Fault('store-read-only')` where it cannot write. */
  static take(folder: string): FolderLock {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(join(folder, 'log.lock'), { timeout: 0 });
      database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      return new FolderLock(database);
    } catch (error) {
      if (database?.isOpen === true) database.close();
      const fault = toFault(error);
      throw fault instanceof Fault && isBusy(error) ? inUse(error) : fault;
    }
  }

  release(): void {
    this.#database.close();
  }
}

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === 5;
}

function inUse(cause: unknown): Fault {
  return new Fault(
    'store-in-use',
    'Another process is using this data folder. Stop it first, or name another folder (ANAMNESIS_DATA).',
    { cause },
  );
}
