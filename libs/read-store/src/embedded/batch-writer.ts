import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Position } from '@anamnesis/kernel';
import type { Operation } from '../port.ts';
import { fold, type Put, type Slot } from './folded.ts';
import { hash53, type Seed } from './hash.ts';
import { Indexer } from './index-rows.ts';
import { IndexTables } from './index-tables.ts';
import { InternedNames } from './names.ts';
import { Rids } from './rids.ts';
import { RowSet } from './row-set.ts';
import { readSeed } from './schema.ts';

type DocumentOperation = Exclude<Operation, { purge: unknown }>;

/** Applies operations to one generation, many in one transaction. Not safe after a throw other than by a new batch. */
export class BatchWriter {
  readonly #db: DatabaseSync;
  readonly #seed: Seed;
  readonly #names: InternedNames;
  readonly #indexer: Indexer;
  readonly #tables: IndexTables;
  #rids: Rids;
  readonly #docs: RowSet;
  readonly #bodies: RowSet;
  readonly #tombstones: RowSet;
  /** Change of the number of documents, by type. */
  readonly #counts = new Map<number, number>();
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#seed = readSeed(db);
    this.#names = new InternedNames(db, this.#seed);
    this.#indexer = new Indexer(this.#seed, this.#names);
    this.#tables = new IndexTables(db);
    this.#rids = new Rids(db);
    this.#docs = new RowSet(db, 'docs', ['rid', 'type', 'key', 'subject', 'last_updated', 'position']);
    this.#bodies = new RowSet(db, 'bodies', ['rid', 'id', 'subject', 'body']);
    this.#tombstones = new RowSet(db, 'tombstones', ['key', 'type', 'position', 'rid']);
    this.#sql = statements(db);
  }

  progress(): Position {
    return Number(this.#sql.progress.get()?.['value']);
  }

  /** All of it and the progress, in one transaction. Whether a purge was among it: then the file is to be scrubbed. */
  apply(operations: readonly Operation[], through: Position): { purged: boolean } {
    let purged = false;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      let from = 0;
      operations.forEach((operation, index) => {
        if (!('purge' in operation)) return;
        this.#segment(operations.slice(from, index) as readonly DocumentOperation[]);
        this.#purge(operation.purge.subject, operation.position);
        from = index + 1;
        purged = true;
      });
      this.#segment((from === 0 ? operations : operations.slice(from)) as readonly DocumentOperation[]);
      for (const [type, change] of this.#counts) if (change !== 0) this.#sql.count.run(change, type);
      this.#sql.advance.run(through);
      if (purged) this.#sql.owesScrub.run();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#abandon();
      throw error;
    }
    this.#counts.clear();
    this.#rids.settled();
    return { purged };
  }

  #abandon(): void {
    for (const rows of [this.#docs, this.#bodies, this.#tombstones, this.#tables]) rows.clear();
    this.#counts.clear();
    // A full disk may have rolled the transaction back already.
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#names.reload();
    this.#rids = new Rids(this.#db);
  }

  #segment(operations: readonly DocumentOperation[]): void {
    if (operations.length === 0) return;
    const { slots, inOrder } = this.#slots(operations);
    this.#readStored(slots);
    const purgedAt = this.#purgedSubjects(operations);
    operations.forEach((operation, index) => {
      const subject = 'put' in operation ? operation.put.subject : undefined;
      fold(inOrder[index]!, operation, subject === undefined ? -1 : (purgedAt.get(subject) ?? -1));
    });
    const changed = slots.filter((slot) => slot.outcome !== undefined);
    const rewritten = changed.filter((slot) => slot.stored && slot.outcome !== 'removed');
    const before = this.#tables.read(rewritten.map((slot) => slot.rid!));
    for (const slot of changed) {
      if (slot.outcome === 'removed') this.#remove(slot);
      else this.#put(slot, slot.outcome!, before);
    }
    this.#docs.write();
    this.#bodies.write();
    this.#tombstones.write();
    this.#tables.write();
  }

  #slots(operations: readonly DocumentOperation[]): { slots: Slot[]; inOrder: Slot[] } {
    const byName = new Map<string, Slot>();
    const inOrder = operations.map((operation) => {
      const { type: typeName, id } = 'put' in operation ? operation.put : operation.remove;
      const type = this.#names.type(typeName);
      const name = `${type} ${id}`;
      let slot = byName.get(name);
      if (slot === undefined) {
        const key = hash53(this.#seed, id);
        slot = {
          type,
          id,
          key,
          rid: undefined,
          position: -1,
          first: undefined,
          stored: false,
          tombstone: false,
          outcome: undefined,
        };
        byName.set(name, slot);
      }
      return slot;
    });
    return { slots: [...byName.values()], inOrder };
  }

  /** Where the documents of the batch stand now: stored, removed, or unknown. */
  #readStored(slots: readonly Slot[]): void {
    const keys = JSON.stringify(slots.map((slot, index) => [slot.key, slot.type, index, slot.id]));
    for (const [index, rid, position] of this.#sql.stored.all(keys) as unknown as [number, number, number][]) {
      Object.assign(slots[index]!, { rid, position, stored: true });
    }
    for (const [index, rid, position] of this.#sql.removed.all(keys) as unknown as [number, number | null, number][]) {
      const slot = slots[index]!;
      if (!slot.stored) Object.assign(slot, { rid: rid ?? undefined, position, tombstone: true });
    }
  }

  /** Each erased subject of the batch, with where it was erased. */
  #purgedSubjects(operations: readonly DocumentOperation[]): Map<string, number> {
    const subjects = new Set<string>();
    for (const operation of operations) {
      if ('put' in operation && operation.put.subject !== undefined) subjects.add(operation.put.subject);
    }
    const keys = JSON.stringify([...subjects].map((subject) => [hash53(this.#seed, subject), subject]));
    return new Map(this.#sql.purged.all(keys) as unknown as [string, number][]);
  }

  #put(slot: Slot, put: Put, before: ReturnType<IndexTables['read']>): void {
    const rows = this.#indexer.rows(slot.type, put.entries);
    const subject = put.subject === undefined ? null : hash53(this.#seed, put.subject);
    if (slot.stored) {
      const rid = slot.rid!;
      this.#tables.change(rid, before.get(rid), rows);
      this.#sql.updateDoc.run(subject, put.lastUpdated, slot.position, rid);
      this.#sql.updateBody.run(put.subject ?? null, put.body, rid);
      return;
    }
    if (slot.tombstone) this.#sql.forget.run(slot.key, slot.type);
    const rid = slot.rid === undefined || this.#rids.taken(slot.rid) ? this.#rids.allocate(slot.first!) : slot.rid;
    this.#docs.add([rid, slot.type, slot.key, subject, put.lastUpdated, slot.position]);
    this.#bodies.add([rid, slot.id, put.subject ?? null, put.body]);
    this.#tables.add(rid, rows);
    this.#count(slot.type, 1);
  }

  #remove(slot: Slot): void {
    if (slot.stored) {
      this.#erase(slot.rid!);
      this.#count(slot.type, -1);
    } else if (slot.tombstone) {
      this.#sql.forget.run(slot.key, slot.type);
    }
    // A document that comes back takes its old place in the order, also when it came and went within one batch.
    const rid = slot.rid ?? (slot.first === undefined ? null : this.#rids.allocate(slot.first));
    if (rid !== null) this.#rids.release(rid);
    this.#tombstones.add([slot.key, slot.type, slot.position, rid]);
  }

  #erase(rid: number): void {
    this.#tables.remove(rid);
    this.#sql.deleteBody.run(rid);
    this.#sql.deleteDoc.run(rid);
    this.#rids.release(rid);
  }

  /** Nothing of the documents stays but their keyed hashes, with the position of the erasure. */
  #purge(subject: string, position: Position): void {
    const key = hash53(this.#seed, subject);
    for (const [rid, documentKey, type] of this.#sql.ofSubject.all(key, subject, position) as unknown as number[][]) {
      this.#erase(rid!);
      this.#count(type!, -1);
      this.#tombstones.add([documentKey!, type!, position, rid!]);
    }
    this.#tombstones.write();
    this.#sql.markPurged.run(key, position);
  }

  #count(type: number, change: number): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + change);
  }
}

function statements(db: DatabaseSync) {
  const rows = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    progress: db.prepare("SELECT value FROM state WHERE name = 'progress'"),
    advance: db.prepare("UPDATE state SET value = max(value, ?) WHERE name = 'progress'"),
    owesScrub: db.prepare("UPDATE state SET value = 1 WHERE name = 'scrub'"),
    count: db.prepare('UPDATE types SET documents = documents + ? WHERE type = ?'),
    // The id is compared as well: two ids may share a hash.
    stored: rows(
      `SELECT k.value ->> 2, d.rid, d.position FROM json_each(?) k
       CROSS JOIN docs d INDEXED BY docs_key ON d.key = k.value ->> 0 AND d.type = k.value ->> 1
       CROSS JOIN bodies b ON b.rid = d.rid AND b.id = k.value ->> 3`,
    ),
    removed: rows(
      `SELECT k.value ->> 2, t.rid, t.position FROM json_each(?) k
       CROSS JOIN tombstones t ON t.key = k.value ->> 0 AND t.type = k.value ->> 1`,
    ),
    purged: rows(
      'SELECT k.value ->> 1, p.position FROM json_each(?) k CROSS JOIN purges p ON p.subject = k.value ->> 0',
    ),
    ofSubject: rows(
      `SELECT d.rid, d.key, d.type FROM docs d INDEXED BY docs_subject CROSS JOIN bodies b ON b.rid = d.rid
       WHERE d.subject = ? AND b.subject = ? AND d.position < ?`,
    ),
    markPurged: db.prepare(
      `INSERT INTO purges (subject, position) VALUES (?, ?)
       ON CONFLICT (subject) DO UPDATE SET position = max(position, excluded.position)`,
    ),
    forget: db.prepare('DELETE FROM tombstones WHERE key = ? AND type = ?'),
    updateDoc: db.prepare('UPDATE docs SET subject = ?, last_updated = ?, position = ? WHERE rid = ?'),
    updateBody: db.prepare('UPDATE bodies SET subject = ?, body = ? WHERE rid = ?'),
    deleteDoc: db.prepare('DELETE FROM docs WHERE rid = ?'),
    deleteBody: db.prepare('DELETE FROM bodies WHERE rid = ?'),
  };
}
