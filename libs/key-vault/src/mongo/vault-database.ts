import { mongo, type Connection } from 'mongoose';
import { Fault } from '@anamnesis/kernel';
import type { OwnedWrappedKey } from '../key-encryption.ts';
import { HASH_SECRET } from '../keyed-hash.ts';
import { nameOfOwner, ownerOfName } from '../owner-name.ts';
import { connect, type KeyDatabaseOptions } from './connection.ts';
import { DUPLICATE_KEY, onDatabase } from './mongo-fault.ts';
import { FORMAT, modelsOf, RECENT, STATE_ID, type KeyDocument, type Models, type StateDocument } from './schema.ts';

/** A stored key, or that it was destroyed. */
export type StoredKey = OwnedWrappedKey | 'destroyed';

/** A key to rewrap, guarded by the version that it was read under. */
export interface Rewrap extends OwnedWrappedKey {
  readonly from: number;
}

const notPrepared = 'There is no key vault in the database: prepare it first.';
const unknownFormat = "The key vault's database has a format that this version does not know.";

/** The vault's documents, one method for each operation on them. Throws `Fault` `vault-unavailable`. */
export class VaultDatabase {
  readonly #connection: Connection;
  readonly #models: Models;
  /** A replica set answers with what is the newest for sure, even beside a primary that was just replaced. */
  readonly #newest: 'linearizable' | 'local';

  private constructor(connection: Connection, newest: 'linearizable' | 'local') {
    this.#connection = connection;
    this.#models = modelsOf(connection);
    this.#newest = newest;
  }

  /** Opens a prepared vault. */
  static async open(options: KeyDatabaseOptions): Promise<VaultDatabase> {
    const connection = await connect(options);
    try {
      const hello = await onDatabase(() => connection.db!.command({ hello: 1 }));
      const database = new VaultDatabase(connection, hello.setName === undefined ? 'local' : 'linearizable');
      await database.state();
      return database;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async state(): Promise<StateDocument> {
    const found = await onDatabase(() =>
      this.#models.state.findById(STATE_ID).readConcern(this.#newest).lean<StateDocument>(),
    );
    if (!found) throw new Fault('vault-unavailable', notPrepared);
    if (found.format !== FORMAT) throw new Fault('vault-unavailable', unknownFormat);
    return found;
  }

  /** By name; absent: never made. */
  async find(names: readonly string[]): Promise<Map<string, StoredKey>> {
    const found = await onDatabase(() => this.#models.keys.find({ _id: { $in: names } }).lean<KeyDocument[]>());
    return new Map(found.map((document) => [document._id, storedKey(document)]));
  }

  /** Inserts the keys; the names of those whose owner had one, or a tombstone, already. */
  async insert(keys: readonly OwnedWrappedKey[]): Promise<ReadonlySet<string>> {
    const created = new Date();
    const documents = keys.map(({ owner, wrapped }) => ({
      _id: nameOfOwner(owner),
      kek: wrapped.version,
      wrapped: Buffer.from(wrapped.bytes),
      created,
    }));
    const refused = await this.#write(documents.map((document) => ({ insertOne: { document } })));
    return new Set(refused.map((i) => documents[i]!._id));
  }

  /** Leaves tombstones, whether there were keys or not. */
  async bury(names: readonly string[]): Promise<void> {
    let left = names;
    // An upsert that meets an insert of the same moment may be refused; the next one finds the document.
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === 10) throw new Fault('vault-unavailable', 'A key could not be destroyed.', { retryable: true });
      const now = new Date();
      const refused = await this.#write(
        left.map((_id) => ({
          updateOne: {
            filter: { _id },
            update: { $unset: { kek: 1, wrapped: 1 }, $min: { destroyed: now }, $setOnInsert: { created: now } },
            upsert: true,
          },
        })),
      );
      left = refused.map((i) => left[i]!);
    }
  }

  /** Tells every process that the subjects' keys are gone; the state as it is then. */
  announce(subjects: readonly string[]): Promise<StateDocument> {
    return this.#change({
      $inc: { destructions: subjects.length },
      $push: { recent: { $each: subjects.slice(-RECENT), $slice: -RECENT } },
    });
  }

  bringIntoForce(version: number): Promise<StateDocument> {
    return this.#change({ $max: { kek: version } });
  }

  beginRotation(version: number): Promise<StateDocument> {
    return this.#change({ $max: { kek: version, rotation: version } });
  }

  /** Unless another rotation began meanwhile. */
  async endRotation(version: number): Promise<void> {
    await onDatabase(() =>
      this.#models.state.updateOne({ _id: STATE_ID, rotation: version }, { $unset: { rotation: 1 } }),
    );
  }

  countOlder(version: number): Promise<number> {
    return onDatabase(() => this.#models.keys.countDocuments({ kek: { $lt: version } }).readConcern('local'));
  }

  /** Keys under earlier versions, written by a majority or not yet: none may be overlooked. */
  async older(version: number, limit: number): Promise<OwnedWrappedKey[]> {
    const found = await onDatabase(() =>
      this.#models.keys
        .find({ kek: { $lt: version } })
        .limit(limit)
        .readConcern('local')
        .lean<KeyDocument[]>(),
    );
    return found.map(storedKey).filter((key) => key !== 'destroyed');
  }

  /** Replaces wrapped bytes where they still are those that were read: a key destroyed meanwhile stays destroyed. */
  async rewrap(keys: readonly Rewrap[]): Promise<void> {
    await this.#write(
      keys.map(({ owner, wrapped, from }) => ({
        updateOne: {
          filter: { _id: nameOfOwner(owner), kek: from },
          update: { $set: { kek: wrapped.version, wrapped: Buffer.from(wrapped.bytes) } },
        },
      })),
    );
  }

  /** One key of each version in use, oldest first. */
  async *oneOfEachVersion(): AsyncGenerator<OwnedWrappedKey> {
    for (let version = 0; ;) {
      const found = await onDatabase(() =>
        this.#models.keys
          .findOne({ kek: { $gt: version } })
          .sort({ kek: 1 })
          .lean<KeyDocument>(),
      );
      const key = found && storedKey(found);
      if (!key || key === 'destroyed') return;
      yield key;
      version = key.wrapped.version;
    }
  }

  /** Whether no owner ever had a key or a tombstone; the vault's own secret does not count. */
  async isEmpty(): Promise<boolean> {
    const secret = nameOfOwner(HASH_SECRET);
    const any = await onDatabase(() => this.#models.keys.exists({ _id: { $ne: secret } }));
    return any === null;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #change(update: object): Promise<StateDocument> {
    const changed = await onDatabase(() =>
      this.#models.state.findByIdAndUpdate(STATE_ID, update, { returnDocument: 'after' }).lean<StateDocument>(),
    );
    if (!changed) throw new Fault('vault-unavailable', notPrepared);
    return changed;
  }

  /** In any order; the indexes of the writes whose `_id` was taken. */
  async #write(writes: readonly object[]): Promise<number[]> {
    if (writes.length === 0) return [];
    try {
      await this.#models.keys.bulkWrite(writes as never, { ordered: false });
      return [];
    } catch (error) {
      const refused = duplicates(error);
      if (refused) return refused;
      return onDatabase(() => Promise.reject(error as Error));
    }
  }
}

function storedKey({ _id, kek, wrapped }: KeyDocument): StoredKey {
  if (kek === undefined || wrapped === undefined) return 'destroyed';
  return { owner: ownerOfName(_id), wrapped: { version: kek, bytes: wrapped } };
}

/** Undefined when anything else went wrong as well. */
function duplicates(error: unknown): number[] | undefined {
  if (!(error instanceof mongo.MongoBulkWriteError) || error.result?.getWriteConcernError()) return undefined;
  const errors = [error.writeErrors].flat();
  return errors.every(({ code }) => code === DUPLICATE_KEY) ? errors.map(({ index }) => index) : undefined;
}
