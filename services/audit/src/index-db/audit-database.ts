import { DatabaseSync } from 'node:sqlite';

/** The tree and the indexes: everything in it follows from the log and can be made anew from it. */
export const DATABASE_FILE = 'tree.sqlite';
const SCHEMA_VERSION = 1;

/**
 * `tiles`: hashes of the tree, 256 a row, key = level * 2^40 + index. `entries`: packed rows of 256 events, see
 * entry-block.ts. `subject_positions`: events by whose key seals them. `disclosures`: access records by the patients
 * they name; `place` counts the patients of one record from 0.
 */
const SCHEMA = `
  CREATE TABLE progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL, through INTEGER NOT NULL, opened INTEGER NOT NULL, clock INTEGER NOT NULL);
  INSERT INTO progress VALUES (1, 0, 0, 0, 0);
  CREATE TABLE tiles (key INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
  CREATE TABLE entries (block INTEGER PRIMARY KEY, rows BLOB NOT NULL);
  CREATE TABLE names (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));
  CREATE TABLE subjects (id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE);
  CREATE TABLE subject_positions (
    subject INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (subject, position)) WITHOUT ROWID;
  CREATE TABLE subject_streams (
    subject INTEGER NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (subject, stream)) WITHOUT ROWID;
  CREATE TABLE disclosures (
    subject INTEGER NOT NULL, position INTEGER NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (subject, position, place)) WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens the database for its one writer. `synchronous=NORMAL`: a power failure may take back the last transactions,
 * never a part of one, and they are made again from the log.
 */
export function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8192',
  );
  if (versionOf(database) !== SCHEMA_VERSION) {
    dropEverything(database);
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
  }
  return database;
}

/** Empties the database, so that everything is made anew from the log. */
export function resetDatabase(database: DatabaseSync): void {
  dropEverything(database);
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
}

/** Opens it for a reader; undefined while there is none yet. */
export function openForReading(path: string): DatabaseSync | undefined {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true });
  } catch {
    return undefined;
  }
  try {
    database.exec('PRAGMA busy_timeout = 2000; PRAGMA cache_size = -16384');
    if (versionOf(database) === SCHEMA_VERSION) return database;
  } catch {
    // Not a database, or one that its writer has not laid out yet.
  }
  database.close();
  return undefined;
}

const versionOf = (database: DatabaseSync): number =>
  Number((database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version);

function dropEverything(database: DatabaseSync): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  for (const { name } of tables) database.exec(`DROP TABLE "${name}"`);
}
