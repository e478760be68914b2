import { Fault } from '@anamnesis/kernel';
import { mongo } from 'mongoose';
import { overBudget, stopping } from '../embedded/faults.ts';

export { notYetBuilt, otherSchema, overBudget, queueFull, rebuildNeeded, stopping } from '../embedded/faults.ts';

/** Codes of MongoDB's error_codes.yml that have an answer of their own. */
const MAX_TIME_EXPIRED = [50, 262, 290];
const DISK_FULL = [14031];
const REFUSED_ACCESS = [13, 18];
const DOCUMENT_TOO_LARGE = [10334, 17280, 17419, 17420];
/** NamespaceNotFound, CursorNotFound, QueryPlanKilled: the collection went while it was being read. */
const COLLECTION_GONE = [26, 43, 175];
export const DUPLICATE_KEY = 11000;

export const notPrepared = () =>
  new Fault('read-model-unavailable', 'The database is not prepared for read models; run the step that prepares it');

export const unavailable = (cause?: unknown) =>
  new Fault('store-unavailable', 'The database of the read models does not answer', { retryable: true, cause });

export const isCollectionGone = (error: unknown): boolean =>
  error instanceof mongo.MongoServerError && COLLECTION_GONE.includes(Number(error.code));

/** What may be told of an error of the driver: its messages can carry values of documents. */
function told(error: Error & { code?: unknown; codeName?: unknown }): Error {
  const code = typeof error.code === 'number' ? ` ${error.code}` : '';
  const name = typeof error.codeName === 'string' ? ` ${error.codeName}` : '';
  return new Error(`${error.name}${code}${name}`);
}

/** What an error of the driver means to a caller; anything else is a bug, and passes as it is. */
export function asFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  if (isTooLarge(error)) return new RangeError('a document is larger than the database takes');
  if (error instanceof mongo.MongoClientClosedError) return stopping();
  if (isOutage(error)) return unavailable(told(error));
  if (error instanceof mongo.MongoServerError) return serverFault(error);
  // Whatever else the driver says may repeat what it was given.
  return error instanceof mongo.MongoError ? told(error) : error;
}

function isTooLarge(error: Error & { code?: unknown }): boolean {
  if (DOCUMENT_TOO_LARGE.includes(Number(error.code))) return true;
  return error instanceof mongo.MongoInvalidArgumentError && error.message.includes('maximum');
}

function isOutage(error: Error): boolean {
  if (error instanceof mongo.MongoNetworkError || error instanceof mongo.MongoServerSelectionError) return true;
  if (error instanceof mongo.MongoNotConnectedError || error instanceof mongo.MongoTopologyClosedError) return true;
  // mongoose's own, while there is no connection yet.
  return error.name === 'MongooseServerSelectionError' || error.name === 'MongoWaitQueueTimeoutError';
}

function serverFault(error: InstanceType<typeof mongo.MongoServerError>): unknown {
  const code = Number(error.code);
  if (MAX_TIME_EXPIRED.includes(code)) return overBudget();
  if (DISK_FULL.includes(code)) {
    return new Fault('store-full', 'There is no space left for the read model', { cause: told(error) });
  }
  if (REFUSED_ACCESS.includes(code)) {
    return new Fault('store-unavailable', 'The database refuses the read store access', { cause: told(error) });
  }
  const passing = ['RetryableWriteError', 'TransientTransactionError'].some((label) => error.hasErrorLabel(label));
  if (passing || error instanceof mongo.MongoWriteConcernError) return unavailable(told(error));
  return told(error);
}

/** Runs `work`, with the driver's errors turned into faults. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asFault(error);
  }
}
