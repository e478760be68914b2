import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Position } from '@anamnesis/kernel';

/**
 * An exported log: the line `anamnesis-log/1` (`/2` where streams may skip revisions: EventStoreDB keeps those of an
 * aborted batch) and a newline, then for each event its place in the log (8 bytes, from 1), the length of its stored
 * bytes (4 bytes), both unsigned and big-endian, and the stored bytes. The whole may be compressed with gzip.
 */
const MAGIC = Buffer.from('anamnesis-log/1\n');
const MAGIC_WITH_GAPS = Buffer.from('anamnesis-log/2\n');
const FRAME_BYTES = 12;
const MAX_EVENT_BYTES = 256 * 1024 * 1024;
const TWO_32 = 2 ** 32;

export interface LoggedEvent {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

/** What was read is no exported log, or one that ends in the middle of an event. */
export class LogFileError extends Error {
  override readonly name = 'LogFileError';
}

/** Writes an exported log; gzip when asked, or when the name ends in `.gz`. Resolves when it is on the disk. */
export async function writeLog(
  path: string,
  events: Iterable<LoggedEvent> | AsyncIterable<LoggedEvent>,
  options: { readonly gzip?: boolean; readonly gaps?: boolean } = {},
): Promise<{ readonly events: number }> {
  let count = 0;
  async function* frames(): AsyncGenerator<Uint8Array> {
    yield options.gaps === true ? MAGIC_WITH_GAPS : MAGIC;
    for await (const { position, bytes } of events) {
      const frame = Buffer.allocUnsafe(FRAME_BYTES + bytes.length);
      frame.writeUInt32BE(Math.floor(position / TWO_32), 0);
      frame.writeUInt32BE(position % TWO_32, 4);
      frame.writeUInt32BE(bytes.length, 8);
      frame.set(bytes, FRAME_BYTES);
      count += 1;
      yield frame;
    }
  }
  const file = createWriteStream(path, { mode: 0o600, flush: true, highWaterMark: 1 << 20 });
  if (options.gzip ?? path.endsWith('.gz')) await pipeline(frames, createGzip(), file);
  else await pipeline(frames, file);
  return { events: count };
}

/** Reads an exported log, compressed or not, a batch at a time. Throws `LogFileError` where it is damaged. */
export async function* readLog(path: string): AsyncGenerator<LoggedEvent[]> {
  const framer = new Framer();
  try {
    for await (const piece of await unzipped(path)) {
      const events = framer.take(piece);
      if (events.length > 0) yield events;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') === true) {
      throw new LogFileError('The exported log is not whole: it cannot be decompressed.');
    }
    throw error;
  }
  framer.end();
}

/** Whether the log's streams may skip revisions; false, too, for what is no exported log. */
export async function hasGaps(path: string): Promise<boolean> {
  try {
    for await (const piece of await unzipped(path)) {
      return piece.subarray(0, MAGIC.length).equals(MAGIC_WITH_GAPS);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
  }
  return false;
}

async function unzipped(path: string): Promise<AsyncIterable<Buffer>> {
  const zipped = await isGzip(path);
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  return zipped ? source.pipe(onError(source, createGunzip())) : source;
}

function onError<T extends { destroy(error: Error): unknown }>(source: NodeJS.ReadableStream, target: T): T {
  source.on('error', (error: Error) => target.destroy(error));
  return target;
}

async function isGzip(path: string): Promise<boolean> {
  for await (const start of createReadStream(path, { end: 1 }) as AsyncIterable<Buffer>) {
    return start[0] === 0x1f && start[1] === 0x8b;
  }
  return false;
}

/** Cuts a stream of bytes into events. */
class Framer {
  #held: Buffer = Buffer.alloc(0);
  #begun = false;

  take(piece: Buffer): LoggedEvent[] {
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    const events: LoggedEvent[] = [];
    let at = 0;
    if (!this.#begun) {
      if (this.#held.length < MAGIC.length) return events;
      const magic = this.#held.subarray(0, MAGIC.length);
      if (!magic.equals(MAGIC) && !magic.equals(MAGIC_WITH_GAPS)) throw new LogFileError('This is no exported log.');
      this.#begun = true;
      at = MAGIC.length;
    }
    for (;;) {
      if (this.#held.length - at < FRAME_BYTES) break;
      const length = this.#held.readUInt32BE(at + 8);
      if (length > MAX_EVENT_BYTES) throw new LogFileError('The exported log names an event that is too large.');
      const end = at + FRAME_BYTES + length;
      if (this.#held.length < end) break;
      const position = this.#held.readUInt32BE(at) * TWO_32 + this.#held.readUInt32BE(at + 4);
      events.push({ position, bytes: this.#held.subarray(at + FRAME_BYTES, end) });
      at = end;
    }
    this.#held = this.#held.subarray(at);
    return events;
  }

  end(): void {
    if (!this.#begun || this.#held.length > 0)
      throw new LogFileError('The exported log ends in the middle of an event.');
  }
}
