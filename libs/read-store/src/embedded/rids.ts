import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Documents of one position have neighbouring numbers; with this many the next position's numbers begin. */
const PER_POSITION = 64;

/**
 * Numbers for new documents: the position of the first operation times 64, counted up. So pages in the order of
 * numbers are in the order in which the record learned of things, and a rebuilt generation gives the same numbers:
 * a page link survives the swap.
 */
export class Rids {
  readonly #taken: StatementSync;
  #last: number;
  #lastPosition = -1;
  #next = 0;
  readonly #given = new Set<number>();

  constructor(db: DatabaseSync) {
    this.#taken = db.prepare('SELECT 1 FROM docs WHERE rid = ?');
    this.#last = Number(
      db
        .prepare(
          'SELECT max((SELECT ifnull(max(rid), 0) FROM docs), (SELECT ifnull(max(rid), 0) FROM tombstones)) AS last',
        )
        .get()?.['last'],
    );
  }

  /** A number that no document has; unique also among those given since `settled`. */
  allocate(position: number): number {
    let rid = position === this.#lastPosition ? this.#next : position * PER_POSITION;
    if (!Number.isSafeInteger(rid)) throw new RangeError('a position is too large to number documents by');
    while (rid <= this.#last && this.taken(rid)) rid += 1;
    this.#last = Math.max(this.#last, rid);
    this.#lastPosition = position;
    this.#next = rid + 1;
    this.#given.add(rid);
    return rid;
  }

  taken(rid: number): boolean {
    return this.#given.has(rid) || this.#taken.get(rid) !== undefined;
  }

  /** Its document is gone again. */
  release(rid: number): void {
    this.#given.delete(rid);
  }

  /** The numbers given so far are stored, or forgotten with the transaction. */
  settled(): void {
    this.#given.clear();
  }
}
