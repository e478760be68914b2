import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Position } from '@anamnesis/kernel';
import type { ScannedRow } from './chunk.ts';

/** One commit time of the log's own index: the last position at that running maximum. */
export interface Stamp {
  readonly at: number;
  readonly position: Position;
}

const MAPPED_BYTES = 0x7fff_0000;

/**
 * The log of a data folder as its database keeps it, tables as docs/audit-proofs.md says. Read-only; beside a running
 * owner, after it, and on a medium that cannot be written. Errors are SQLite's own.
 */
export class LogSource {
  readonly #database: DatabaseSync;
  readonly #rows: StatementSync;

  constructor(folder: string) {
    this.#database = openReadOnly(join(folder, 'log.sqlite'));
    this.#database.exec(`PRAGMA mmap_size = ${MAPPED_BYTES}`);
    this.#rows = this.#database.prepare(
      'SELECT position, stream_id, revision, bytes FROM events WHERE position >= ? AND position < ? ORDER BY position',
    );
    this.#rows.setReturnArrays(true);
  }

  /** The last position; 0 for an empty log. */
  head(): Position {
    return Number(this.#database.prepare('SELECT max(position) AS head FROM events').get()?.['head'] ?? 0);
  }

  /** Whether anything stands before the first position, where no reader of $all would see it. */
  hasHiddenRows(): boolean {
    return this.#database.prepare('SELECT 1 FROM events WHERE position < 1 LIMIT 1').get() !== undefined;
  }

  *rows(first: Position, count: number): Generator<ScannedRow> {
    const rows = this.#rows.iterate(first, first + count) as unknown as Iterable<[number, number, number, Uint8Array]>;
    for (const [position, streamId, revision, bytes] of rows) yield { position, streamId, revision, bytes };
  }

  *streams(): Generator<{ readonly name: string; readonly id: number }> {
    for (const row of this.#database.prepare('SELECT name, id FROM streams').iterate()) {
      yield { name: String(row['name']), id: Number(row['id']) };
    }
  }

  *stamps(): Generator<Stamp> {
    for (const row of this.#database.prepare('SELECT at, position FROM stamps ORDER BY at').iterate()) {
      yield { at: Number(row['at']), position: Number(row['position']) };
    }
  }

  /** SQLite's own check of every page and index: whether it found nothing. */
  isSound(): boolean {
    const [first] = this.#database.prepare('PRAGMA integrity_check(1)').all();
    return first?.['integrity_check'] === 'ok';
  }

  close(): void {
    this.#database.close();
  }
}

function openReadOnly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    database.prepare('PRAGMA schema_version').get();
    return database;
  } catch (error) {
    database.close();
    // Without a write-ahead log beside it the file is whole, and where its index cannot be made none is needed.
    if (existsSync(`${path}-wal`)) throw error;
    const url = pathToFileURL(resolve(path));
    url.searchParams.set('immutable', '1');
    return new DatabaseSync(url, { readOnly: true });
  }
}
