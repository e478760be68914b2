import { Fault } from '@anamnesis/kernel';

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that are told apart. */
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const NOTADB = 26;

/** What the world did to the vault's files, as a fault with a constant text. A bug stays what it is. */
export function vaultFault(error: unknown): unknown {
  if (error instanceof Fault) return error;
  const { code, errcode, syscall } = error as { code?: string; errcode?: number; syscall?: string };
  if (code === 'ERR_SQLITE_ERROR' && errcode !== undefined) return sqliteFault(errcode & 0xff, error);
  if (syscall === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return sqliteFault(FULL, error);
  return new Fault('vault-unavailable', "The key vault's folder could not be read or written.", {
    retryable: true,
    cause: error,
  });
}

function sqliteFault(primary: number, cause: unknown): Fault {
  switch (primary) {
    case CORRUPT:
    case NOTADB:
      return new Fault('vault-unavailable', "The key vault's database is damaged.", { cause });
    case READONLY:
      return new Fault('store-read-only', "The key vault's folder is read-only.", { cause });
    case FULL:
      return new Fault('store-full', 'The disk of the key vault is full.', { cause });
    default:
      return new Fault('vault-unavailable', 'The key vault does not answer.', { retryable: true, cause });
  }
}
