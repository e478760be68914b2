import { Mongoose, type Connection, type Model, type mongo } from 'mongoose';
import { notPrepared, otherSchema, stopping } from './faults.ts';
import {
  documentSchema,
  ERASURES,
  erasureSchema,
  generationName,
  LAYOUT,
  LAYOUT_ID,
  MODELS,
  modelSchema,
  type Erasure,
  type StoredDocument,
} from './schema.ts';
import type { ModelState } from './model-state.ts';

export interface DatabaseOptions {
  /** `mongodb://` or `mongodb+srv://`, with credentials and TLS as the driver reads them. */
  readonly url: string;
  /** The database; default: the one that the URL names. */
  readonly database?: string;
  /** Connections at most; default 20. */
  readonly poolSize?: number;
  /** How long a server is looked for, in milliseconds; default 3,000. */
  readonly selectionTimeoutMs?: number;
  /** How long a server may be silent in an operation, in milliseconds; default 20,000. */
  readonly socketTimeoutMs?: number;
}

/** What every write waits for: it is journaled on a majority, so that no failover takes it back. */
export const DURABLE = { writeConcern: { w: 'majority', j: true, wtimeoutMS: 10_000 } } as const;
/** Pointer and progress are read as a majority has them: a failover shows nothing that it then takes back. */
export const SETTLED = { readConcern: { level: 'majority' } } as const;

export type Documents = mongo.Collection<StoredDocument>;
/** Progress and pointer fields have computed names, which the driver's types do not know. */
export type States = mongo.Collection<ModelState & Record<string, unknown>>;

/** One connection of its own to the database, opened when first needed; from then on the driver keeps it up. */
export class Database {
  readonly #options: DatabaseOptions;
  // An instance of its own: what others set on mongoose, such as its debug output, does not reach documents here.
  readonly #mongoose = new Mongoose({ debug: false, bufferCommands: false, autoIndex: false, autoCreate: false });
  #connection: Promise<Connection> | undefined;
  #prepared = false;
  #closed = false;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  connection(): Promise<Connection> {
    if (this.#closed) return Promise.reject(stopping());
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const { url, database, poolSize = 20, selectionTimeoutMs = 3_000, socketTimeoutMs = 20_000 } = this.#options;
    const connection = this.#mongoose.createConnection();
    try {
      await connection.openUri(url, {
        ...(database === undefined ? {} : { dbName: database }),
        maxPoolSize: poolSize,
        serverSelectionTimeoutMS: selectionTimeoutMs,
        connectTimeoutMS: selectionTimeoutMs,
        waitQueueTimeoutMS: 10_000,
        heartbeatFrequencyMS: 2_000,
        socketTimeoutMS: socketTimeoutMs,
      });
      return connection;
    } catch (error) {
      this.#connection = undefined;
      await connection.close(true).catch(() => undefined);
      throw error;
    }
  }

  async #collection<T extends mongo.Document>(name: string): Promise<mongo.Collection<T>> {
    const connection = await this.connection();
    return connection.db!.collection<T>(name);
  }

  documents(model: string, generation: number): Promise<Documents> {
    return this.#collection<StoredDocument>(generationName(model, generation));
  }

  erasures(): Promise<mongo.Collection<Erasure>> {
    return this.#collection<Erasure>(ERASURES);
  }

  async states(): Promise<States> {
    return (await this.#collection(MODELS)) as unknown as States;
  }

  /** Throws `read-model-unavailable` when `prepare` was never run here, or was by another version. */
  async assertPrepared(): Promise<void> {
    if (this.#prepared) return;
    const mark = await (await this.states()).findOne({ _id: LAYOUT_ID }, SETTLED);
    if (mark === null) throw notPrepared();
    if (mark['layout'] !== LAYOUT) throw otherSchema();
    this.#prepared = true;
  }

  /** Makes what all read models share, and the indexes of the generations there are. Changes nothing the second time. */
  async prepare(): Promise<void> {
    const connection = await this.connection();
    const states = await this.states();
    const mark = await states.findOne({ _id: LAYOUT_ID }, SETTLED);
    if (mark !== null && Number(mark['layout']) > LAYOUT) throw otherSchema();
    for (const [name, schema] of [
      [MODELS, modelSchema],
      [ERASURES, erasureSchema],
    ] as const) {
      await this.#build(connection.model(name, schema, name));
      connection.deleteModel(name);
    }
    for (const { _id, live, building } of await states.find({ version: { $exists: true } }, SETTLED).toArray()) {
      const present = [live, building?.generation ?? null].filter((generation) => generation !== null);
      for (const generation of present) await this.createGeneration(_id, generation);
    }
    await states.updateOne({ _id: LAYOUT_ID }, { $set: { layout: LAYOUT } }, { upsert: true, ...DURABLE });
  }

  /** The collection of a generation with its indexes. */
  async createGeneration(model: string, generation: number): Promise<void> {
    const name = generationName(model, generation);
    const connection = await this.connection();
    await this.#build(connection.model(name, documentSchema, name));
    connection.deleteModel(name);
  }

  async #build(model: Pick<Model<unknown>, 'createCollection' | 'createIndexes'>): Promise<void> {
    await model.createCollection();
    await model.createIndexes();
  }

  async dropGeneration(model: string, generation: number): Promise<void> {
    const connection = await this.connection();
    await connection.db!.dropCollection(generationName(model, generation));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close(true);
  }
}
