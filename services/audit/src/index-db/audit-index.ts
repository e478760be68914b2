import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { UUID, type Position } from '@anamnesis/kernel';
import { TiledTree } from '../tree/index.ts';
import { openForReading } from './audit-database.ts';
import { BLOCK_ENTRIES, type Entry, readEntry } from './entry-block.ts';
import { NAME_KINDS, type NameKind, rowId } from './interned-names.ts';
import { uuidBytes } from './patient-index.ts';
import { readProgress, tileSource } from './sequencer.ts';

/** One AuditEvent of the trail: the `place`-th patient that the access record at `position` names, else 0. */
export interface TrailEntry {
  readonly position: Position;
  readonly place: number;
}

/**
 * The reading side of tree and indexes; synchronous, for any thread. It sees what the sequencer has committed: whoever
 * needs a position waits for the sequencer first.
 */
export class AuditIndex {
  readonly #database: DatabaseSync;
  readonly #tree: TiledTree;
  readonly #block: StatementSync;
  readonly #positions: StatementSync;
  readonly #streams: StatementSync;
  readonly #trail: StatementSync;
  readonly #nameOf: StatementSync;
  readonly #idOf: StatementSync;
  #full: { block: number; rows: Buffer } | undefined;

  private constructor(database: DatabaseSync) {
    const subject = '(SELECT id FROM subjects WHERE uuid = ?)';
    this.#database = database;
    this.#tree = new TiledTree(tileSource(database));
    this.#block = database.prepare('SELECT rows FROM entries WHERE block = ?');
    this.#positions = database.prepare(
      `SELECT position FROM subject_positions WHERE subject = ${subject} AND position <= ? ORDER BY position`,
    );
    this.#positions.setReturnArrays(true);
    this.#streams = database.prepare(`SELECT stream FROM subject_streams WHERE subject = ${subject}`);
    this.#trail = database.prepare(
      `SELECT position, place FROM (
         SELECT position, 0 AS place FROM subject_positions WHERE subject = ${subject} AND position <= ?
         UNION
         SELECT position, place FROM disclosures WHERE subject = ${subject} AND position <= ?)
       ORDER BY position DESC, place DESC`,
    );
    this.#nameOf = database.prepare('SELECT name FROM names WHERE id = ?');
    this.#idOf = database.prepare('SELECT id FROM names WHERE kind = ? AND name = ?');
  }

  /** undefined while the sequencer has not made it yet. */
  static open(path: string): AuditIndex | undefined {
    const database = openForReading(path);
    return database && new AuditIndex(database);
  }

  get size(): number {
    return readProgress(this.#database).size;
  }

  get through(): Position {
    return readProgress(this.#database).through;
  }

  get opened(): Position {
    return readProgress(this.#database).opened;
  }

  /** Throws `RangeError` for sizes beyond the tree. */
  get tree(): TiledTree {
    return this.#tree;
  }

  /** Ascending positions of the events whose subject is one of these, none twice. */
  positionsOf(subjects: readonly string[], upTo: Position = Number.MAX_SAFE_INTEGER): Position[] {
    const lists = [...new Set(subjects)]
      .filter((subject) => UUID.test(subject))
      .map((subject) => (this.#positions.all(uuidBytes(subject), upTo) as unknown as [Position][]).map(([at]) => at));
    const [only] = lists;
    // An event has one subject, so lists of different patients share nothing.
    return lists.length === 1 && only ? only : lists.flat().sort((a, b) => a - b);
  }

  /** The streams that hold an event of the subject, whenever. */
  streamsOf(subject: string): string[] {
    if (!UUID.test(subject)) return [];
    return (this.#streams.all(uuidBytes(subject)) as unknown as { stream: string }[]).map(({ stream }) => stream);
  }

  /** What concerns a patient, newest first, from `upTo` down: events of the patient and records that disclose them. */
  *trailOf(patient: string, upTo: Position): Generator<TrailEntry> {
    if (!UUID.test(patient)) return;
    const uuid = uuidBytes(patient);
    for (const row of this.#trail.iterate(uuid, upTo, uuid, upTo)) {
      yield { position: Number(row['position']), place: Number(row['place']) };
    }
  }

  entry(leaf: number): Entry {
    const block = Math.floor(leaf / BLOCK_ENTRIES);
    if (this.#full?.block !== block || leaf % BLOCK_ENTRIES >= this.#full.rows.length / 32) {
      const row = this.#block.get(block) as { rows: Uint8Array } | undefined;
      if (!row) throw new RangeError('The tree is smaller than that.');
      const { buffer, byteOffset, byteLength } = row.rows;
      this.#full = { block, rows: Buffer.from(buffer, byteOffset, byteLength) };
    }
    return readEntry(this.#full.rows, leaf % BLOCK_ENTRIES);
  }

  /** The first leaf for which the ascending property `of` is not below `value`; the size when there is none. */
  firstLeaf(of: 'position' | 'clock', value: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.entry(middle)[of] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The id that a name is interned under; undefined: no event has it. */
  nameId(kind: NameKind, name: string): number | undefined {
    const row = this.#idOf.get(NAME_KINDS[kind], name) as { id: number } | undefined;
    return row && row.id - rowId(kind, 0);
  }

  /** The name behind an id; undefined for what was one name too many. */
  name(kind: NameKind, id: number): string | undefined {
    return (this.#nameOf.get(rowId(kind, id)) as { name: string } | undefined)?.name;
  }

  close(): void {
    this.#database.close();
  }
}
