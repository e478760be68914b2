import { mongo, MongooseError } from 'mongoose';
import { Fault } from '@anamnesis/kernel';

/** Server codes that no repetition mends: no permission, wrong credentials, options that the server does not know. */
const LASTING = new Set([8000, 13, 18, 40415, 72, 73]);
export const DUPLICATE_KEY = 11000;

/**
 * What the database did, as a fault with a constant text. The driver's own error is not carried along: it can quote
 * the documents that were written. A bug stays what it is.
 */
export function mongoFault(error: unknown): unknown {
  if (error instanceof Fault) return error;
  if (!(error instanceof mongo.MongoError) && !isMongooseConnectionError(error)) return error;
  const code = error instanceof mongo.MongoError ? error.code : undefined;
  const lasting = typeof code === 'number' && LASTING.has(code);
  const text = lasting ? "The key vault's database refuses the vault." : "The key vault's database does not answer.";
  return new Fault('vault-unavailable', text, { retryable: !lasting, cause: new Error(`${error.name} ${code ?? ''}`) });
}

/** Runs one operation on the database; what it throws is a fault. */
export async function onDatabase<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw mongoFault(error);
  }
}

function isMongooseConnectionError(error: unknown): error is MongooseError {
  return error instanceof MongooseError && /ServerSelection|NotConnected|Disconnected/.test(error.name);
}
