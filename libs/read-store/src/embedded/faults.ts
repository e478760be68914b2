import { Fault } from '@anamnesis/kernel';

/** SQLite's primary result codes (sqlite.org/rescode.html) that have an answer of their own. */
export const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

export const rebuildNeeded = (cause?: unknown) =>
  new Fault('read-model-unavailable', 'The read model cannot be read; run `anamnesis rebuild`', { cause });

export const otherSchema = () =>
  new Fault('read-model-unavailable', 'The read model was built by another version; run `anamnesis rebuild`');

export const notYetBuilt = () =>
  new Fault('read-model-unavailable', 'There is no read model yet; if it does not appear, run `anamnesis rebuild`', {
    retryable: true,
  });

/** A query that needs longer than its budget: the same query would again, so it is not retryable as it stands. */
export const overBudget = () => new Fault('overloaded', 'The query takes longer than a query may; narrow it');

export const queueFull = () =>
  new Fault('overloaded', 'Too many queries are waiting for the read model', { retryable: true });

export const stopping = () => new Fault('stopping', 'The read store is closed');

/** SQLite's primary result code, of an error that came from it. */
export function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** What an error of SQLite means to a caller; anything else is a bug, and passes as it is. */
export function asFault(error: unknown): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  switch (code) {
    case FULL:
      return new Fault('store-full', 'There is no space left for the read model', { cause: error });
    case READONLY:
      return new Fault('store-read-only', 'The read model cannot be written', { cause: error });
    case BUSY:
    case LOCKED:
      return new Fault('store-unavailable', 'The read model is locked', { retryable: true, cause: error });
    case IOERR:
      return new Fault('store-unavailable', 'The read model could not be read or written', {
        retryable: true,
        cause: error,
      });
    case CORRUPT:
    case CANTOPEN:
    case NOTADB:
      return rebuildNeeded(error);
    default:
      return error;
  }
}

/** Runs `work`, with SQLite's errors turned into faults. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asFault(error);
  }
}
