import { randomUUID } from 'node:crypto';
import { createConnection } from 'mongoose';
import type { OpenedReadStore } from '@anamnesis/read-store/contract';
import { openMongoReadStore, type MongoReadStore, type MongoReadStoreOptions } from '@anamnesis/read-store/mongo';

/** The database server that suites share. */
export function mongoUrl(): string {
  const url = process.env['ANAMNESIS_TEST_MONGODB'];
  if (url === undefined) throw new Error('ANAMNESIS_TEST_MONGODB names no database; `npm run test:stack` sets it');
  return url;
}

export interface OpenedMongo extends OpenedReadStore {
  readonly store: MongoReadStore;
  readonly database: string;
  /** Another store on the same database, as another process would have it. */
  another(options?: Partial<MongoReadStoreOptions>): MongoReadStore;
}

/** A store on a database of its own, which goes with it. */
export async function openMongo(options: Partial<MongoReadStoreOptions> = {}): Promise<OpenedMongo> {
  const url = options.url ?? mongoUrl();
  const database = `read-store-${randomUUID().slice(0, 13)}`;
  const opened: MongoReadStore[] = [];
  const another = (more: Partial<MongoReadStoreOptions> = {}): MongoReadStore => {
    const store = openMongoReadStore({ url, database, ...options, ...more });
    opened.push(store);
    return store;
  };
  const store = another();
  await store.prepare();
  return {
    store,
    database,
    another,
    async cleanup() {
      for (const one of opened) await one.close();
      await dropDatabase(url, database);
    },
  };
}

export async function dropDatabase(url: string, database: string): Promise<void> {
  const connection = await createConnection(url, { dbName: database }).asPromise();
  await connection.dropDatabase();
  await connection.close();
}
