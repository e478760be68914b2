import mongoose, { type Connection } from 'mongoose';
import { onDatabase } from './mongo-fault.ts';

export interface KeyDatabaseOptions {
  /** `mongodb://` or `mongodb+srv://`, with credentials and TLS settings where they are needed. */
  readonly url: string;
  /** Default `anamnesis_keys`. Best one of its own: its backups must be kept apart from those of the log. */
  readonly database?: string;
  /** Milliseconds until a database that does not answer is a fault; default 5,000. */
  readonly timeoutMs?: number;
}

export const DEFAULT_DATABASE = 'anamnesis_keys';
export const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Every write is acknowledged by a majority and journaled, every read sees what a majority has: no key that anyone was
 * given can be rolled back. Throws `Fault` `vault-unavailable`.
 */
export function connect(options: KeyDatabaseOptions): Promise<Connection> {
  const { url, database = DEFAULT_DATABASE, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return onDatabase(() =>
    mongoose
      .createConnection(url, {
        dbName: database,
        appName: 'anamnesis-key-vault',
        writeConcern: { w: 'majority', journal: true, wtimeoutMS: timeoutMs },
        readConcernLevel: 'majority',
        readPreference: 'primary',
        serverSelectionTimeoutMS: timeoutMs,
        connectTimeoutMS: timeoutMs,
        socketTimeoutMS: timeoutMs,
        waitQueueTimeoutMS: timeoutMs,
        maxPoolSize: 8,
        promoteBuffers: true,
        autoIndex: false,
        autoCreate: false,
        bufferCommands: false,
      })
      .asPromise(),
  );
}

/** Equal for two that mean the same vault. */
export function nameOfDatabase({ url, database = DEFAULT_DATABASE }: KeyDatabaseOptions): string {
  return `${url}\n${database}`;
}
