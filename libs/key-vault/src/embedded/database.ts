import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';

/** Where the vault's things lie in a data folder. */
export const keysFolder = (folder: string): string => join(folder, 'keys');
export const keyFilePath = (folder: string): string => join(folder, 'keys', 'kek.json');
export const databasePath = (folder: string): string => join(folder, 'keys', 'vault.sqlite');

const VERSION = 1;

/**
 * One row for each (subject, class) that ever had a key or was destroyed. Wrapped bytes live in the table alone, which
 * only grows at its end: no page split ever moves a row and leaves its bytes behind. The index carries names only.
 */
const SCHEMA = `
  CREATE TABLE data_key (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    class TEXT NOT NULL,
    kek INTEGER,          -- the version that wrapped it; null: destroyed
    wrapped BLOB,
    created INTEGER NOT NULL,  -- milliseconds since the Unix epoch
    destroyed INTEGER,
    CHECK ((wrapped IS NULL) = (destroyed IS NOT NULL) AND (wrapped IS NULL) = (kek IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX data_key_owner ON data_key (subject, class);
  CREATE INDEX data_key_kek ON data_key (kek) WHERE kek IS NOT NULL;
  -- Counts destructions, for readers in other processes.
  CREATE TABLE epoch (value INTEGER NOT NULL) STRICT;
  INSERT INTO epoch VALUES (0);
  PRAGMA user_version = ${VERSION};`;

/** Opens the database to write, and lays it out where it is new. Every file of it has mode 0600. */
export async function openToWrite(folder: string): Promise<DatabaseSync> {
  const path = databasePath(folder);
  // SQLite gives its journal files the mode of the database, so that must exist with the right one first.
  await (await open(path, 'a', 0o600)).close();
  const db = new DatabaseSync(path, { timeout: 10_000 });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
    db.exec('BEGIN IMMEDIATE');
    if (versionOf(db) === 0) db.exec(SCHEMA);
    db.exec('COMMIT');
    checkVersion(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the database of a vault that exists. */
export function openToRead(folder: string): DatabaseSync {
  const path = databasePath(folder);
  if (!existsSync(path)) throw new Fault('vault-unavailable', 'There is no key vault in the data folder.');
  const db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    checkVersion(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Empties the write-ahead log, so that no byte of a destroyed key stays in it. False: a reader was in the way. */
export function truncateLog(db: DatabaseSync): boolean {
  const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
  return busy === 0;
}

function versionOf(db: DatabaseSync): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

function checkVersion(db: DatabaseSync): void {
  if (versionOf(db) === VERSION) return;
  throw new Fault('vault-unavailable', "The key vault's database has a format that this version does not know.");
}
