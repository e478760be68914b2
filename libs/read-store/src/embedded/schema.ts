import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { otherSchema, rebuildNeeded } from './faults.ts';
import type { Seed } from './hash.ts';

/** Raised with every change of the tables below or of what their values mean; a file of another version is rebuilt. */
export const SCHEMA_VERSION = 1;
/** 'AnRM', in the file's header: tells a read model from any other SQLite file. */
const APPLICATION_ID = 0x416e524d;

/**
 * A day in milliseconds. Nearly all ranges are narrower (instants, dates, quantities), and are found by their low end
 * for either direction; only wider ones are indexed by their high end as well.
 */
export const NARROW = 86_400_000;

/**
 * Why it looks like this: docs/adr/0006-search-index-layout.md.
 *
 * Every index table leads with the document (`rid`, then `param`), so that a document's rows lie together: they are
 * found for an update, checked against a condition and sorted by, all with one seek. Its indexes lead with the value
 * and have `rid` next, so that one value's documents come out in the order of pages.
 */
const TABLES = `
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE types (type INTEGER PRIMARY KEY, name TEXT UNIQUE, hash INTEGER, documents INTEGER NOT NULL DEFAULT 0);
CREATE TABLE params (param INTEGER PRIMARY KEY, type INTEGER, kind INTEGER, name TEXT, UNIQUE (type, name, kind));

CREATE TABLE docs (rid INTEGER PRIMARY KEY, type INTEGER, key INTEGER, subject INTEGER, last_updated INTEGER, position INTEGER);
CREATE INDEX docs_key ON docs (key);
CREATE INDEX docs_type ON docs (type);
CREATE INDEX docs_updated ON docs (type, last_updated);
CREATE INDEX docs_subject ON docs (subject, type) WHERE subject IS NOT NULL;
CREATE TABLE bodies (rid INTEGER PRIMARY KEY, id TEXT, subject TEXT, body TEXT);

CREATE TABLE tombstones (key INTEGER, type INTEGER, position INTEGER, rid INTEGER, PRIMARY KEY (key, type)) WITHOUT ROWID;
CREATE TABLE purges (subject INTEGER PRIMARY KEY, position INTEGER);

CREATE TABLE tokens (rid INTEGER, param INTEGER, code INTEGER, system INTEGER, tuple INTEGER, text TEXT,
  PRIMARY KEY (rid, param, code, system, tuple)) WITHOUT ROWID;
CREATE INDEX tokens_code ON tokens (param, code, rid, system, tuple);
CREATE TABLE strings (rid INTEGER, param INTEGER, normalised TEXT, exact INTEGER, tuple INTEGER,
  PRIMARY KEY (rid, param, normalised, exact, tuple)) WITHOUT ROWID;
CREATE INDEX strings_normalised ON strings (param, normalised, rid);
CREATE INDEX strings_exact ON strings (param, exact, rid) WHERE exact <> 0;
CREATE TABLE ranges (rid INTEGER, param INTEGER, low REAL, high REAL, system INTEGER, code INTEGER, tuple INTEGER,
  PRIMARY KEY (rid, param, low, high, system, code, tuple)) WITHOUT ROWID;
CREATE INDEX ranges_low ON ranges (param, low, rid, high, system, code);
CREATE INDEX ranges_high ON ranges (param, high, rid, low, system, code) WHERE high - low > ${NARROW};
`;

/** `live`: written while it is read. `build`: nobody reads it, and a crash discards it. `read`: read only. */
export type OpenMode = 'live' | 'build' | 'read';

export interface OpenOptions {
  /** Of SQLite's page cache. */
  readonly cacheBytes: number;
  /** The file may not grow beyond this. */
  readonly maxBytes?: number;
}

const BUSY_MS = 5_000;
/** Measured: a batch dirties fewer, larger pages; 8 KiB cost a third less than 4 KiB, and a body mostly fits in one. */
const PAGE_BYTES = 8_192;

/** Creates a generation's file with its tables. Fails if the file is there. */
export function createGeneration(path: string): void {
  if (existsSync(path)) throw rebuildNeeded();
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const seed = randomBytes(8);
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA secure_delete = ON; BEGIN; ${TABLES}`);
    const set = db.prepare('INSERT INTO state (name, value) VALUES (?, ?)');
    set.run('progress', 0);
    set.run('scrub', 0);
    set.run('k0', seed.readInt32LE(0));
    set.run('k1', seed.readInt32LE(4));
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  } finally {
    db.close();
  }
}

/** Opens a generation that is there. Throws `read-model-unavailable` for a file that is missing, foreign or outdated. */
export function openGeneration(path: string, mode: OpenMode, options: OpenOptions): DatabaseSync {
  if (!existsSync(path)) throw rebuildNeeded();
  const db = new DatabaseSync(path, { timeout: BUSY_MS, readOnly: mode === 'read' });
  try {
    db.exec(`PRAGMA cache_size = -${Math.ceil(options.cacheBytes / 1_024)}; PRAGMA temp_store = MEMORY`);
    check(db);
    if (mode !== 'read') tune(db, mode, options);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function check(db: DatabaseSync): void {
  if (pragma(db, 'application_id') !== APPLICATION_ID) throw rebuildNeeded();
  if (pragma(db, 'user_version') !== SCHEMA_VERSION) throw otherSchema();
}

/**
 * A live generation may lose its last transactions to a power cut (`synchronous=NORMAL`), never its shape: they are
 * projected again from the log. A generation being built is thrown away after a crash, so it needs no journal.
 */
function tune(db: DatabaseSync, mode: 'live' | 'build', options: OpenOptions): void {
  db.exec('PRAGMA secure_delete = ON');
  if (mode === 'live') {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000');
  }
  if (mode === 'build') db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
  if (options.maxBytes !== undefined) {
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxBytes / PAGE_BYTES))}`);
  }
}

function pragma(db: DatabaseSync, name: string): unknown {
  return db.prepare(`PRAGMA ${name}`).get()?.[name];
}

export function readSeed(db: DatabaseSync): Seed {
  const read = db.prepare('SELECT value FROM state WHERE name = ?');
  const value = (name: string) => Number(read.get(name)?.['value']);
  return { k0: value('k0'), k1: value('k1') };
}
