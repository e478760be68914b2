import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fault } from '@anamnesis/kernel';
import type { KeyEncryption, WrappedKey, WrapOwner } from '../key-encryption.ts';
import { HASH_SECRET } from '../keyed-hash.ts';
import { RandomPool } from '../random-pool.ts';
import { truncateLog } from './database.ts';

const KEY_LENGTH = 32;
const REWRAP_BATCH = 500;
const TRUNCATE_TRIES = 50;

interface KeyRow {
  readonly id: number;
  readonly subject: string;
  readonly class: string;
  readonly kek: number | null;
  readonly wrapped: Uint8Array | null;
}

/** A row's key, or that it was destroyed. */
export type Ensured = Uint8Array | 'destroyed';

/** The writing side of the vault's database: one call is one commit. Runs in the vault's own thread. */
export class VaultWriter {
  readonly #db: DatabaseSync;
  readonly #encryption: KeyEncryption;
  readonly #random = new RandomPool(KEY_LENGTH * 256);
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #rewrap: StatementSync;
  readonly #overwrite: StatementSync;
  readonly #bury: StatementSync;
  readonly #older: StatementSync;
  /** Keys were destroyed and their bytes may still stand in the write-ahead log. */
  #unscrubbed = true;

  constructor(db: DatabaseSync, encryption: KeyEncryption) {
    this.#db = db;
    this.#encryption = encryption;
    this.#find = db.prepare('SELECT id, subject, class, kek, wrapped FROM data_key WHERE subject = ? AND class = ?');
    this.#insert = db.prepare(
      'INSERT INTO data_key (subject, class, kek, wrapped, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#rewrap = db.prepare('UPDATE data_key SET kek = ?, wrapped = ? WHERE id = ? AND kek = ?');
    this.#overwrite = db.prepare('UPDATE data_key SET wrapped = zeroblob(length(wrapped)) WHERE id = ?');
    this.#bury = db.prepare(
      `INSERT INTO data_key (subject, class, created, destroyed) VALUES (?1, ?2, ?3, ?3)
       ON CONFLICT DO UPDATE SET kek = NULL, wrapped = NULL, destroyed = ?3`,
    );
    this.#older = db.prepare('SELECT id, subject, class, kek, wrapped FROM data_key WHERE kek < ? LIMIT ?');
  }

  /** Makes the vault's own secret at first start; proves that every version in use unwraps; scrubs the log. */
  async open(): Promise<void> {
    await this.ensure([HASH_SECRET]);
    const next = this.#db.prepare(
      'SELECT id, subject, class, kek, wrapped FROM data_key WHERE kek > ? ORDER BY kek LIMIT 1',
    );
    for (let row = next.get(0); row; row = next.get((row as unknown as KeyRow).kek)) {
      await this.#unwrap(row as unknown as KeyRow);
    }
    this.#unscrubbed = !truncateLog(this.#db);
  }

  /** The key of each owner, made where there was none; durable when it resolves. */
  async ensure(owners: readonly WrapOwner[]): Promise<Ensured[]> {
    const fresh = new Map<WrapOwner, { readonly key: Uint8Array; readonly wrapped: WrappedKey }>();
    for (const owner of owners) {
      if (this.#row(owner)) continue;
      const key = new Uint8Array(KEY_LENGTH);
      this.#random.fill(key);
      fresh.set(owner, { key, wrapped: await this.#encryption.wrap(owner, key) });
    }
    if (fresh.size > 0) {
      const now = Date.now();
      this.#commit(() => {
        for (const [owner, { wrapped }] of fresh) {
          const { changes } = this.#insert.run(owner.subject, owner.dataClass, wrapped.version, wrapped.bytes, now);
          // Twice in the batch, or another process was first: then its key is the key.
          if (changes === 0) fresh.delete(owner);
        }
      });
    }
    return Promise.all(owners.map((owner) => fresh.get(owner)?.key ?? this.#unwrap(this.#row(owner)!)));
  }

  /**
   * Leaves a tombstone for each owner, whether it had a key or not, and no byte of a wrapped key in any file.
   * Repeating it costs nothing.
   */
  async destroy(owners: readonly WrapOwner[]): Promise<void> {
    const standing = owners.filter((owner) => {
      const row = this.#row(owner);
      return !row || row.wrapped !== null;
    });
    if (standing.length > 0) {
      this.#unscrubbed = true;
      const now = Date.now();
      this.#commit(() => {
        for (const owner of standing) {
          const row = this.#row(owner);
          if (row) this.#overwrite.run(row.id);
          this.#bury.run(owner.subject, owner.dataClass, now);
        }
        this.#db.exec('UPDATE epoch SET value = value + 1');
      });
    }
    if (this.#unscrubbed) await this.#scrub();
  }

  /** The new version of the key-encryption key, and how many rows wait for it. */
  async beginRotation(): Promise<{ readonly version: number; readonly total: number }> {
    const version = await this.#encryption.rotate();
    const { total } = this.#db.prepare('SELECT count(*) AS total FROM data_key WHERE kek < ?').get(version) as {
      total: number;
    };
    return { version, total };
  }

  /** Rewraps the next rows, in one commit; how many they were. */
  async rewrapBatch(version: number): Promise<number> {
    const rows = this.#older.all(version, REWRAP_BATCH) as unknown as KeyRow[];
    const rewrapped: WrappedKey[] = [];
    for (const row of rows) {
      const key = await this.#unwrap(row);
      rewrapped.push(await this.#encryption.wrap({ subject: row.subject, dataClass: row.class }, key));
      key.fill(0);
    }
    this.#commit(() => {
      // `kek = ?` once more: another process may have destroyed the row meanwhile.
      rewrapped.forEach((wrapped, i) => this.#rewrap.run(wrapped.version, wrapped.bytes, rows[i]!.id, rows[i]!.kek));
    });
    return rows.length;
  }

  /** Nothing is wrapped under an earlier version any more: they go, and so do the old wrapped bytes. */
  async endRotation(version: number): Promise<void> {
    await this.#scrub();
    await this.#encryption.retireBefore(version);
  }

  close(): void {
    truncateLog(this.#db);
    this.#db.close();
  }

  #row(owner: WrapOwner): KeyRow | undefined {
    return this.#find.get(owner.subject, owner.dataClass) as unknown as KeyRow | undefined;
  }

  #unwrap(row: KeyRow): Promise<Uint8Array> | Uint8Array;
  #unwrap(row: KeyRow): Promise<Ensured> | Ensured;
  #unwrap(row: KeyRow): Promise<Ensured> | Ensured {
    if (row.kek === null || row.wrapped === null) return 'destroyed';
    const owner = { subject: row.subject, dataClass: row.class };
    return this.#encryption.unwrap(owner, { version: row.kek, bytes: row.wrapped });
  }

  #commit(writes: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      writes();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** A reader's short query can be in the way for an instant; one that stays is a fault, and the call can be repeated. */
  async #scrub(): Promise<void> {
    for (let tries = 0; tries < TRUNCATE_TRIES; tries++) {
      if (truncateLog(this.#db)) {
        this.#unscrubbed = false;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Fault('vault-unavailable', 'A reader keeps the destroyed keys in the write-ahead log.', {
      retryable: true,
    });
  }
}
