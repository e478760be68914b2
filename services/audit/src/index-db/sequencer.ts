import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventMeta, Instant, Position } from '@anamnesis/kernel';
import { UUID } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';
import { GrowingTree, leafHash, type TileSource } from '../tree/index.ts';
import { BLOCK_ENTRIES, ENTRY_BYTES, UNINTERNED, writeEntry } from './entry-block.ts';
import { InternedNames } from './interned-names.ts';
import { PatientIndex } from './patient-index.ts';
import { resetDatabase } from './audit-database.ts';
import { tileKey } from './tile-key.ts';

/** A stored event twice: its exact bytes, and what they say. */
export interface SequencedEvent {
  readonly bytes: Uint8Array;
  readonly event: StoredEvent;
}

/** The patients that an access record names; undefined when they cannot be told for good (its key was destroyed). */
export type DisclosedPatients = (event: StoredEvent, meta: EventMeta) => readonly string[] | undefined;

interface Progress {
  readonly size: number;
  readonly through: Position;
  readonly opened: Position;
  readonly clock: Instant;
}

/**
 * Numbers the events of the log: the one that stands `n`-th is leaf `n`. Each batch goes into tree, entries and
 * indexes in one transaction with the progress, so that a killed process goes on exactly where it was.
 */
export class Sequencer {
  readonly #database: DatabaseSync;
  readonly #statements: Record<'putTile' | 'putEntries' | 'putProgress', StatementSync>;
  #tree: GrowingTree;
  #names: InternedNames;
  #patients: PatientIndex;
  #block = Buffer.alloc(BLOCK_ENTRIES * ENTRY_BYTES);
  #progress: Progress;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepare(database);
    this.#progress = readProgress(database);
    this.#tree = new GrowingTree(this.#progress.size, tileSource(database));
    this.#names = new InternedNames(database);
    this.#patients = new PatientIndex(database);
    this.#restoreBlock();
  }

  /** Leaves in the tree. */
  get size(): number {
    return this.#progress.size;
  }

  /** The position of the last event in the tree. */
  get through(): Position {
    return this.#progress.through;
  }

  /** The position up to which access records are indexed by the patients they name. */
  get opened(): Position {
    return this.#progress.opened;
  }

  /** The hash of the newest leaf; throws `RangeError` for an empty tree. */
  lastLeaf(): Uint8Array {
    return this.#tree.leaf(this.#progress.size - 1);
  }

  root(size?: number): Uint8Array {
    return this.#tree.root(size);
  }

  /**
   * Takes the next events in order; those at or before `through` are skipped. With `patientsOf` the access records
   * among them are indexed too; without it (the vault does not answer) that is left for `disclose`.
   */
  append(batch: readonly SequencedEvent[], patientsOf?: DisclosedPatients): void {
    const fresh = batch.filter(({ event }) => event.position > this.#progress.through);
    if (fresh.length === 0) return;
    this.#transaction(() => {
      let { size, through, clock } = this.#progress;
      for (const { bytes, event } of fresh) {
        const meta = JSON.parse(event.meta) as EventMeta;
        this.#tree.append(leafHash(bytes));
        clock = Math.max(clock, event.recordedAt);
        this.#writeEntry(size, clock, event, meta);
        if (meta.subject !== undefined && UUID.test(meta.subject)) this.#patients.place(meta.subject, event);
        if (patientsOf) this.#disclose(event, meta, patientsOf);
        size += 1;
        through = event.position;
      }
      for (const { level, index, hashes } of this.#tree.takeChanged()) {
        this.#statements.putTile.run(tileKey(level, index), hashes);
      }
      if (size % BLOCK_ENTRIES > 0) this.#putBlock(Math.floor(size / BLOCK_ENTRIES), size % BLOCK_ENTRIES);
      this.#store({ size, through, clock, opened: patientsOf ? through : this.#progress.opened });
    });
  }

  /** Catches up on access records that `append` had to leave; `batch` holds every one after `opened` up to `through`. */
  disclose(batch: readonly StoredEvent[], through: Position, patientsOf: DisclosedPatients): void {
    this.#transaction(() => {
      for (const event of batch) this.#disclose(event, JSON.parse(event.meta) as EventMeta, patientsOf);
      this.#store({ ...this.#progress, opened: through });
    });
  }

  /** Forgets everything and begins again at the first event. */
  restart(): void {
    resetDatabase(this.#database);
    Object.assign(this.#statements, prepare(this.#database));
    this.#reload();
  }

  #disclose(event: StoredEvent, meta: EventMeta, patientsOf: DisclosedPatients): void {
    if (!event.stream.startsWith('access-')) return;
    patientsOf(event, meta)?.forEach((patient, place) => this.#patients.disclose(patient, event.position, place));
  }

  #writeEntry(leaf: number, clock: Instant, event: StoredEvent, { actor }: EventMeta): void {
    const names = this.#names;
    const index = leaf % BLOCK_ENTRIES;
    writeEntry(this.#block, index, {
      position: event.position,
      clock,
      actor: names.idOf('actor', actor.id),
      type: Math.min(names.idOf('type', event.type), UNINTERNED),
      role: names.idOf('role', actor.role),
      purpose: names.idOf('purpose', actor.purpose),
      facility: actor.facility === undefined ? 0 : names.idOf('facility', actor.facility),
    });
    if (index === BLOCK_ENTRIES - 1) this.#putBlock(Math.floor(leaf / BLOCK_ENTRIES), BLOCK_ENTRIES);
  }

  #putBlock(block: number, entries: number): void {
    this.#statements.putEntries.run(block, this.#block.subarray(0, entries * ENTRY_BYTES));
  }

  #store(progress: Progress): void {
    this.#statements.putProgress.run(progress.size, progress.through, progress.opened, progress.clock);
    this.#progress = progress;
  }

  #transaction(work: () => void): void {
    const before = this.#progress;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#progress = before;
      this.#reload();
      throw error;
    }
  }

  /** What is in memory was ahead of what is stored: read it anew. */
  #reload(): void {
    this.#progress = readProgress(this.#database);
    this.#tree = new GrowingTree(this.#progress.size, tileSource(this.#database));
    this.#names = new InternedNames(this.#database);
    this.#patients = new PatientIndex(this.#database);
    this.#restoreBlock();
  }

  #restoreBlock(): void {
    const row = this.#database
      .prepare('SELECT rows FROM entries WHERE block = ?')
      .get(Math.floor(this.#progress.size / BLOCK_ENTRIES)) as { rows: Uint8Array } | undefined;
    this.#block.fill(0);
    if (row) this.#block.set(row.rows);
  }
}

export function tileSource(database: DatabaseSync): TileSource {
  const find = database.prepare('SELECT hashes FROM tiles WHERE key = ?');
  return (level, index) => (find.get(tileKey(level, index)) as { hashes: Uint8Array } | undefined)?.hashes;
}

export function readProgress(database: DatabaseSync): Progress {
  return { ...(database.prepare('SELECT size, through, opened, clock FROM progress').get() as unknown as Progress) };
}

function prepare(database: DatabaseSync): Record<'putTile' | 'putEntries' | 'putProgress', StatementSync> {
  return {
    putTile: database.prepare('INSERT OR REPLACE INTO tiles (key, hashes) VALUES (?, ?)'),
    putEntries: database.prepare('INSERT OR REPLACE INTO entries (block, rows) VALUES (?, ?)'),
    putProgress: database.prepare('UPDATE progress SET size = ?, through = ?, opened = ?, clock = ?'),
  };
}
