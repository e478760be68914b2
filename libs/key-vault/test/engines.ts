import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { prepareKeyVault } from '../src/mongo/index.ts';
import { TransitKeyEncryption, type TransitOptions } from '../src/transit/index.ts';
import { afterwards } from './temporary.ts';

/** The setting of an engine that `npm run test:stack` starts. */
export function engine(name: `ANAMNESIS_TEST_${string}`): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: npm run test:stack starts the engines and sets it.`);
  return value;
}

export interface TestDatabase {
  readonly url: string;
  readonly database: string;
}

/** A name for a database of the test's own, dropped afterwards. */
export function unpreparedDatabase(url = engine('ANAMNESIS_TEST_MONGODB')): TestDatabase {
  const database = `keys_${randomUUID().replaceAll('-', '')}`;
  afterwards(() => onDatabase({ url, database }, (connection) => connection.dropDatabase()));
  return { url, database };
}

export async function preparedDatabase(url?: string): Promise<TestDatabase> {
  const where = unpreparedDatabase(url);
  await prepareKeyVault(where);
  return where;
}

export async function onDatabase<T>(
  { url, database }: TestDatabase,
  work: (connection: mongoose.Connection) => Promise<T>,
): Promise<T> {
  const connection = await mongoose
    .createConnection(url, { dbName: database, promoteBuffers: true, serverSelectionTimeoutMS: 10_000 })
    .asPromise();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** A transit key's name of the test's own, and how to reach it. */
export function transitSettings(address = engine('ANAMNESIS_TEST_TRANSIT'), token?: string): TransitOptions {
  return {
    address,
    key: `test-${randomUUID()}`,
    auth: { kind: 'token', token: token ?? engine('ANAMNESIS_TEST_TRANSIT_TOKEN') },
    create: true,
  };
}

export async function openTransit(settings: TransitOptions): Promise<TransitKeyEncryption> {
  const encryption = await TransitKeyEncryption.open(settings);
  afterwards(async () => encryption.close());
  return encryption;
}
