const EMPTY = -1;

/**
 * The last revision and the index id of every stream, by its key: open addressing in typed arrays, 24 bytes a slot,
 * at most three quarters full.
 */
export class StreamTable {
  readonly #gaps: boolean;
  #capacity = 1 << 16;
  #keys = new Uint32Array(2 * this.#capacity);
  #revisions = new Float64Array(this.#capacity).fill(EMPTY);
  #ids = new Float64Array(this.#capacity);
  #count = 0;

  /** `gaps`: revisions may be skipped, but never go back. */
  constructor({ gaps = false }: { readonly gaps?: boolean } = {}) {
    this.#gaps = gaps;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes the stream's next revision. `order`: it is not the last one plus one; `index`: the index files it under
   * another id than the stream's earlier events.
   */
  advance(low: number, high: number, revision: number, id: number): 'ok' | 'order' | 'index' {
    if (4 * this.#count > 3 * this.#capacity) this.#grow();
    const slot = this.#slotOf(low, high);
    const last = this.#revisions[slot] as number;
    if (last === EMPTY) {
      this.#keys[2 * slot] = low;
      this.#keys[2 * slot + 1] = high;
      this.#ids[slot] = id;
      this.#count += 1;
    }
    this.#revisions[slot] = revision;
    if (this.#gaps ? revision <= last : revision !== last + 1) return 'order';
    return this.#ids[slot] === id ? 'ok' : 'index';
  }

  /** The id of a stream; undefined when no event of it was seen. */
  idOf(low: number, high: number): number | undefined {
    const slot = this.#slotOf(low, high);
    return this.#revisions[slot] === EMPTY ? undefined : this.#ids[slot];
  }

  #slotOf(low: number, high: number): number {
    const mask = this.#capacity - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    while (this.#revisions[slot] !== EMPTY && (this.#keys[2 * slot] !== low || this.#keys[2 * slot + 1] !== high)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [keys, revisions, ids] = [this.#keys, this.#revisions, this.#ids];
    this.#capacity *= 2;
    this.#keys = new Uint32Array(2 * this.#capacity);
    this.#revisions = new Float64Array(this.#capacity).fill(EMPTY);
    this.#ids = new Float64Array(this.#capacity);
    revisions.forEach((revision, slot) => {
      if (revision === EMPTY) return;
      const into = this.#slotOf(keys[2 * slot] as number, keys[2 * slot + 1] as number);
      this.#keys[2 * into] = keys[2 * slot] as number;
      this.#keys[2 * into + 1] = keys[2 * slot + 1] as number;
      this.#revisions[into] = revision;
      this.#ids[into] = ids[slot] as number;
    });
  }
}
