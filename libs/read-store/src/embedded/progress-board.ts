import type { Position } from '@anamnesis/kernel';

/** Words of a model's slot: the hash of its name (0: free), its progress, its live generation. */
const SLOT_WORDS = 3;
const NAME = 0;
const PROGRESS = 1;
const GENERATION = 2;
/** Read models of one process. */
const SLOTS = 64;

/**
 * How far each read model has come and which generation is live, in memory that the threads of a process share:
 * the writer posts it after its commit, readers look, or wait without asking the file again and again.
 */
export class ProgressBoard {
  readonly shared: SharedArrayBuffer;
  readonly #words: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(SLOTS * SLOT_WORDS * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#words = new BigInt64Array(shared);
  }

  model(name: string): ModelProgress {
    const hash = nameHash(name);
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const at = slot * SLOT_WORDS;
      const found = Atomics.compareExchange(this.#words, at + NAME, 0n, hash);
      if (found === 0n || found === hash) return new ModelProgress(this.#words, at);
    }
    throw new RangeError('more read models than the progress board has room for');
  }
}

export class ModelProgress {
  readonly #words: BigInt64Array;
  readonly #at: number;

  constructor(words: BigInt64Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** 0 also when no writer of this process has said yet. */
  get progress(): Position {
    return Number(Atomics.load(this.#words, this.#at + PROGRESS));
  }

  /** 0 when nobody in this process knows yet. */
  get generation(): number {
    return Number(Atomics.load(this.#words, this.#at + GENERATION));
  }

  post(progress: Position): void {
    Atomics.store(this.#words, this.#at + PROGRESS, BigInt(progress));
    Atomics.notify(this.#words, this.#at + PROGRESS);
  }

  postGeneration(generation: number): void {
    Atomics.store(this.#words, this.#at + GENERATION, BigInt(generation));
  }

  /** Resolves when progress is no longer `seen`, or after `timeoutMs`. */
  async changed(seen: Position, timeoutMs: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, this.#at + PROGRESS, BigInt(seen), timeoutMs);
    if (wait.async) await wait.value;
  }
}

/** FNV-1a, 64 bits; never 0. */
function nameHash(name: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return BigInt.asIntN(64, hash === 0n ? 1n : hash);
}
