import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';

/** One line of the file: when it was signed, how many leaves it covers, and the note itself. */
export interface StoredCheckpoint {
  /** Milliseconds since the epoch; not signed. */
  readonly at: number;
  readonly size: number;
  readonly note: string;
}

const TAIL_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** All signed checkpoints, oldest first: an append-only file of JSON lines, synced after each. One writer at a time. */
export class CheckpointLog {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a+', 0o600);
    this.#dropTornLine();
  }

  append(checkpoint: StoredCheckpoint): void {
    writeSync(this.#file, `${JSON.stringify(checkpoint)}\n`);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** A crash in the middle of a line leaves it without its newline; nobody was ever given that checkpoint. */
  #dropTornLine(): void {
    const { size } = fstatSync(this.#file);
    const tail = readTail(this.#file, size);
    const whole = tail.lastIndexOf(NEWLINE) + 1;
    if (whole < tail.length) ftruncateSync(this.#file, size - (tail.length - whole));
  }
}

/** The newest checkpoint of the file; undefined when there is none. Safe beside a writer. */
export function newestCheckpoint(path: string): StoredCheckpoint | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    const tail = readTail(file, fstatSync(file).size);
    const end = tail.lastIndexOf(NEWLINE);
    if (end < 0) return undefined;
    return parseLine(tail.toString('utf8', tail.lastIndexOf(NEWLINE, end - 1) + 1, end));
  } finally {
    closeSync(file);
  }
}

/** Every checkpoint of the file, oldest first; lines that are none are left out. */
export function storedCheckpoints(path: string): StoredCheckpoint[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .map(parseLine)
    .filter((line) => line !== undefined);
}

function readTail(file: number, size: number): Buffer {
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(file, tail, 0, tail.length, size - tail.length);
  return tail;
}

function parseLine(line: string): StoredCheckpoint | undefined {
  try {
    const value = JSON.parse(line) as Partial<StoredCheckpoint> | null;
    return typeof value?.note === 'string' && typeof value.size === 'number' && typeof value.at === 'number'
      ? { at: value.at, size: value.size, note: value.note }
      : undefined;
  } catch {
    return undefined;
  }
}
