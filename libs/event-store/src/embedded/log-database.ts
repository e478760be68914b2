import { closeSync, existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Fault } from '@anamnesis/kernel';
import { CorruptLog, faulting, toFault } from './sqlite-fault.ts';

/** 'ANAM' in the file's header: nothing else is taken for a log. */
const APPLICATION_ID = 0x414e414d;
const SCHEMA_VERSION = 1;

/**
 * Larger than SQLite's default, because most events are about as large as a page of 4 KiB: fewer overflow pages,
 * fewer pages to sync for a commit.
 */
export const PAGE_BYTES = 8192;

/** As much of the write-ahead log's file is kept, and overwritten in place, which syncs faster than growing it. */
const KEPT_WAL_BYTES = 32 * 1024 * 1024;

/** As much of the log's file is read through a memory map. */
const MAPPED_BYTES = 256 * 1024 * 1024;

/** How long a connection waits for another one's short lock (recovery, the last close), in milliseconds. */
const BUSY_MS = 5_000;

/**
 * `events` holds the exact bytes (see stored-bytes.ts) and what finds them; a stream's name is interned, so that the
 * index by stream stays small. `stamps` says for each value of the running maximum of commit times the last position
 * at it: rows are in order of both, so `positionAt` is one lookup.
 */
const SCHEMA = `
  CREATE TABLE streams (name TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream_id, revision);
  CREATE TABLE stamps (at INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;
`;

export function logPath(folder: string): string {
  return join(folder, 'log.sqlite');
}

/** The one connection that writes. SQLite recovers a torn tail here: what was not committed whole is gone. */
export function openForWriting(folder: string, limitBytes: number | undefined): DatabaseSync {
  const path = logPath(folder);
  // SQLite gives its other files the mode of this one. Only a new file is opened here: to close a file of a database
  // that is in use would give up this process's locks on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
  if (!existsSync(path)) faulting(() => closeSync(openSync(path, 'ax', 0o600)));
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
    // Checkpoints are the writer's, between commits; SQLite's own would come before an answer. This is the backstop.
    database.exec(`PRAGMA wal_autocheckpoint = ${(4 * KEPT_WAL_BYTES) / PAGE_BYTES}`);
    database.exec(`PRAGMA journal_size_limit = ${KEPT_WAL_BYTES}; PRAGMA cache_size = -32768`);
    if (limitBytes !== undefined) database.exec(`PRAGMA max_page_count = ${Math.floor(limitBytes / PAGE_BYTES)}`);
    if (pragma(database, 'user_version') === 0 && isEmpty(database)) {
      database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID};
        PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    }
    checkSchema(database);
    return database;
  } catch (error) {
    database.close();
    throw toFault(error);
  }
}

/** A connection that only reads; also beside an owner in another process, and on a closed log in a read-only place. */
export function openForReading(folder: string): DatabaseSync {
  const path = logPath(folder);
  if (!existsSync(path)) throw new Fault('store-unavailable', 'There is no event log in this folder.');
  let database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  try {
    try {
      pragma(database, 'schema_version');
    } catch (error) {
      // Without a WAL beside it the log is whole in one file. Where its index cannot be made, none is needed.
      if (existsSync(`${path}-wal`)) throw error;
      database.close();
      const url = pathToFileURL(resolve(path));
      url.searchParams.set('immutable', '1');
      database = new DatabaseSync(url, { readOnly: true });
    }
    // Every commit of the writer empties this connection's own cache, so pages come from a memory map: about 15 us less
    // a read. It counts as resident, hence the bound; an unreadable disk ends the process instead of one request.
    database.exec(`PRAGMA cache_size = -8192; PRAGMA mmap_size = ${MAPPED_BYTES}`);
    checkSchema(database);
    return database;
  } catch (error) {
    if (database.isOpen) database.close();
    throw toFault(error);
  }
}

function checkSchema(database: DatabaseSync): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID) throw new CorruptLog(0);
  if (pragma(database, 'user_version') !== SCHEMA_VERSION) {
    throw new Fault('store-unavailable', 'The event log was written by a newer version of this program.');
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
}

function pragma(database: DatabaseSync, name: 'application_id' | 'user_version' | 'schema_version'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
