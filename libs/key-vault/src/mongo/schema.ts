/**
 * The vault's two collections, declared in one place. Nothing is built in passing: `prepareKeyVault` builds them, and
 * may be run again at any time and by several at once.
 */
import { mongo, Schema, type Connection, type Model } from 'mongoose';
import { connect, type KeyDatabaseOptions } from './connection.ts';
import { DUPLICATE_KEY, onDatabase } from './mongo-fault.ts';

export const FORMAT = 1;
export const STATE_ID = 'vault';

/**
 * One document for each owner that ever had a key or was destroyed. Because the owner is the `_id`, of two who insert
 * only one succeeds, and where a tombstone stands nobody inserts ever again.
 */
export interface KeyDocument {
  /** `<class>/<subject>` */
  readonly _id: string;
  /** The version of the key-encryption key that wrapped it; none: destroyed. */
  readonly kek?: number;
  readonly wrapped?: Buffer;
  readonly created: Date;
  readonly destroyed?: Date;
}

/** What all processes on the vault must learn of soon; each reads it several times a second. */
export interface StateDocument {
  readonly _id: typeof STATE_ID;
  readonly format: number;
  /** Counts destroyed subjects. */
  readonly destructions: number;
  /** The subjects destroyed last, the newest at the end, at most `RECENT` of them. */
  readonly recent: readonly string[];
  /** The least version of the key-encryption key that new keys are wrapped under. */
  readonly kek: number;
  /** A rotation to this version has begun and is not through. */
  readonly rotation?: number;
}

export const RECENT = 200;

const keySchema = new Schema(
  {
    _id: String,
    kek: Number,
    wrapped: Buffer,
    created: { type: Date, required: true },
    destroyed: Date,
  },
  { collection: 'vault_keys', versionKey: false, strict: 'throw' },
);
// A rotation looks for what is wrapped under an earlier version; tombstones have none.
keySchema.index({ kek: 1 }, { partialFilterExpression: { kek: { $exists: true } } });

const stateSchema = new Schema(
  {
    _id: String,
    format: { type: Number, required: true },
    destructions: { type: Number, required: true },
    recent: { type: [String], required: true },
    kek: { type: Number, required: true },
    rotation: Number,
  },
  { collection: 'vault_state', versionKey: false, strict: 'throw' },
);

export interface Models {
  readonly keys: Model<KeyDocument>;
  readonly state: Model<StateDocument>;
}

export function modelsOf(connection: Connection): Models {
  return {
    keys: connection.model<KeyDocument>('Key', keySchema as unknown as Schema<KeyDocument>),
    state: connection.model<StateDocument>('State', stateSchema as unknown as Schema<StateDocument>),
  };
}

/** Builds collections, indexes and the state document where they are missing. Throws `Fault` `vault-unavailable`. */
export async function prepareKeyVault(options: KeyDatabaseOptions): Promise<void> {
  const connection = await connect(options);
  try {
    const { keys, state } = modelsOf(connection);
    await onDatabase(async () => {
      await keys.createCollection();
      await state.createCollection();
      await keys.createIndexes();
      await insertState(state);
    });
  } finally {
    await connection.close();
  }
}

async function insertState(state: Model<StateDocument>): Promise<void> {
  const first: Omit<StateDocument, '_id'> = { format: FORMAT, destructions: 0, recent: [], kek: 0 };
  try {
    await state.collection.updateOne({ _id: STATE_ID as never }, { $setOnInsert: first }, { upsert: true });
  } catch (error) {
    // Another process was first.
    if (!(error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY)) throw error;
  }
}
