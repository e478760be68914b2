import { realpathSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** A number that changes whenever keys are destroyed: who caches keys compares it at each hit. */
export interface Epoch {
  current(): number;
}

/** The epoch as threads of one process share it: a word of shared memory. */
export class SharedEpoch implements Epoch {
  readonly #word: Int32Array;

  constructor(word: SharedArrayBuffer) {
    this.#word = new Int32Array(word);
  }

  /** The folder's own word, made at the first call; threads started afterwards are handed it by `inherited`. */
  static publish(folder: string): SharedEpoch {
    const name = nameOf(folder);
    let word = getEnvironmentData(name);
    if (!(word instanceof SharedArrayBuffer)) {
      word = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
      setEnvironmentData(name, word);
    }
    return new SharedEpoch(word as SharedArrayBuffer);
  }

  /** The word that the vault of this folder published before this thread was started, if one did. */
  static inherited(folder: string): SharedEpoch | undefined {
    const word = getEnvironmentData(nameOf(folder));
    return word instanceof SharedArrayBuffer ? new SharedEpoch(word) : undefined;
  }

  current(): number {
    return Atomics.load(this.#word, 0);
  }

  bump(): number {
    return Atomics.add(this.#word, 0, 1) + 1;
  }
}

/** For a reader in another process, or one that is older than the vault: asks the database, at most so often. */
export class PolledEpoch implements Epoch {
  static readonly INTERVAL_MS = 100;
  readonly #read: () => number;
  #value = 0;
  #askedAt = -Infinity;

  constructor(db: DatabaseSync) {
    const statement = db.prepare('SELECT value FROM epoch');
    this.#read = () => (statement.get() as { value: number }).value;
  }

  current(): number {
    const now = performance.now();
    if (now - this.#askedAt >= PolledEpoch.INTERVAL_MS) {
      this.#value = this.#read();
      this.#askedAt = now;
    }
    return this.#value;
  }
}

function nameOf(folder: string): string {
  return `anamnesis.key-vault:${realpathSync(folder)}`;
}
