import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';
import { asFault, BUSY, notYetBuilt, rebuildNeeded, resultCode } from './faults.ts';

const MODEL = /^[a-z][a-z0-9-]{0,63}$/;

/** One read model's files: `<model>-<generation>.sqlite`, and `<model>.json`, which names the live generation. */
export class Generations {
  readonly #folder: string;
  readonly #model: string;

  constructor(folder: string, model: string) {
    if (!MODEL.test(model)) throw new TypeError('a read model is named in lower case, digits and hyphens');
    this.#folder = folder;
    this.#model = model;
  }

  path(generation: number): string {
    return join(this.#folder, `${this.#model}-${generation}.sqlite`);
  }

  get pointer(): string {
    return join(this.#folder, `${this.#model}.json`);
  }

  /** Throws `read-model-unavailable`, retryable when none was ever made. */
  live(): number {
    let text: string;
    try {
      text = readFileSync(this.pointer, 'utf8');
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? notYetBuilt() : rebuildNeeded(error);
    }
    try {
      const { generation } = JSON.parse(text) as { generation?: unknown };
      if (Number.isSafeInteger(generation)) return generation as number;
    } catch (error) {
      throw rebuildNeeded(error);
    }
    throw rebuildNeeded();
  }

  get hasPointer(): boolean {
    return existsSync(this.pointer);
  }

  /** A number that no file of the model carries; numbers are never used twice while a file of theirs is there. */
  fresh(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const used = this.#present();
    if (this.hasPointer) {
      try {
        used.push(this.live());
      } catch {
        // A pointer that cannot be read is what a rebuild replaces.
      }
    }
    return Math.max(0, ...used) + 1;
  }

  /** By atomic rename: whoever reads the pointer finds the old generation or the new one. */
  point(generation: number): void {
    syncFile(this.path(generation));
    const aside = `${this.pointer}.new`;
    const file = openSync(aside, 'w', 0o600);
    try {
      writeSync(file, `${JSON.stringify({ generation })}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, this.pointer);
    syncFile(this.#folder);
  }

  /**
   * Removes every generation but the ones to keep. Readers that still have one open read on: the file goes when the
   * last of them closes it. Where the system forbids removing an open file, the next call does.
   */
  sweep(keep: readonly number[]): void {
    for (const generation of this.#present()) {
      if (keep.includes(generation)) continue;
      for (const suffix of ['', '-wal', '-shm', '-journal']) {
        try {
          rmSync(this.path(generation) + suffix, { force: true });
        } catch (error) {
          if (!['EBUSY', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        }
      }
    }
  }

  /**
   * Held until it is closed, or its process dies: one writer (and one builder) a model, over all threads and processes.
   * SQLite's own file lock serves; a file that merely exists would outlive a crash.
   */
  lock(role: 'writer' | 'builder'): DatabaseSync {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(join(this.#folder, `${this.#model}.${role}.lock`), { timeout: 0 });
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return db;
    } catch (error) {
      db.close();
      if (resultCode(error) !== BUSY) throw asFault(error);
      throw new Fault('store-in-use', 'The read model has another writer', { cause: error });
    }
  }

  #present(): number[] {
    const pattern = new RegExp(`^${this.#model}-(\\d+)\\.sqlite$`);
    return readdirSync(this.#folder).flatMap((name) => {
      const match = pattern.exec(name);
      return match === null ? [] : [Number(match[1])];
    });
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
