import { Fault, type Position } from '@anamnesis/kernel';

/** The log is damaged; `position` is the first event that cannot be trusted, 0 where the file as a whole cannot. */
export class CorruptLog extends Fault {
  readonly position: Position;

  constructor(position: Position, cause?: unknown) {
    const where = position === 0 ? 'cannot be read as an event log' : `is damaged at position ${position}`;
    super('store-corrupt', `log.sqlite ${where}. Restore it from a copy; do not repair it by hand.`, { cause });
    this.position = position;
  }
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that say something of the world. */
const NO_MEMORY = 7;
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;
const BUSY = 5;
const LOCKED = 6;
/** None of SQLite's: the file system's own. */
const NO_FOLDER = -1;

/** What an error of `node:sqlite` or of the file system means for the store; a bug comes back as it is. */
export function toFault(error: unknown): unknown {
  if (error instanceof Fault || typeof error !== 'object' || error === null) return error;
  switch (primaryCode(error)) {
    case NO_FOLDER:
      return new Fault('store-unavailable', 'A file stands where the data folder should be.', { cause: error });
    case FULL:
      return new Fault('store-full', 'The disk of the data folder is full.', { cause: error });
    case READ_ONLY:
      return new Fault('store-read-only', 'The data folder cannot be written to.', { cause: error });
    case CORRUPT:
    case NOT_A_DATABASE:
      return new CorruptLog(0, error);
    case IO_ERROR:
    case CANNOT_OPEN:
    case NO_MEMORY:
    case BUSY:
    case LOCKED:
      return new Fault('store-unavailable', 'The event log cannot be reached.', { retryable: true, cause: error });
    default:
      return error;
  }
}

/** Runs `work` and throws what goes wrong in it as a fault. */
export function faulting<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toFault(error);
  }
}

const SYSTEM_CODES: Readonly<Record<string, number>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READ_ONLY,
  EACCES: READ_ONLY,
  EPERM: READ_ONLY,
  EIO: IO_ERROR,
  EEXIST: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
};

function primaryCode(error: object): number | undefined {
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  if ('code' in error && typeof error.code === 'string') return SYSTEM_CODES[error.code];
  return undefined;
}
