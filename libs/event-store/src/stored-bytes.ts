/**
 * The canonical bytes of a stored event: what the log keeps, what the Merkle tree hashes, what another program must
 * parse to check a log. One event is one blob; nothing of it is kept anywhere else. Its position is not inside: it is
 * the place of the blob in the log, and `position - 1` is the index of its leaf.
 *
 * Format 1. All integers are unsigned and big-endian:
 *
 *     offset  size  field
 *          0     1  format, 1
 *          1     8  recordedAt, milliseconds since the Unix epoch (UTC); filled by the writer at commit
 *          9     8  revision in the stream, from 0; filled by the writer at commit
 *         17    16  event id, a UUID (RFC 9562, section 4: octets in network order)
 *         33     4  schema, the version of the type's data shape
 *         37     1  s: length of the stream's name in octets, 1 to 200
 *         38     2  t: length of the type in octets, from 1
 *         40     4  m: length of the meta text in octets
 *         44     s  stream, ASCII of [a-z0-9-]
 *       44+s     t  type, UTF-8
 *     44+s+t     m  meta, JSON text, UTF-8
 *   44+s+t+m  rest  data
 */
import { Fault, type Instant, type Position, type Revision } from '@anamnesis/kernel';
import type { NewEvent, StoredEvent } from './port.ts';

export const STORED_FORMAT = 1;
export const STORED_HEADER_BYTES = 44;
/** Where the sixteen octets of the event id begin. */
export const STORED_ID_OFFSET = 17;

const RECORDED_AT = 1;
const REVISION = 9;
const SCHEMA = 33;
const STREAM_LENGTH = 37;
const TYPE_LENGTH = 38;
const META_LENGTH = 40;
const TWO_32 = 2 ** 32;
const MAX_TYPE_CHARACTERS = 200;
const STREAM_NAME = /^[a-z0-9-]{1,200}$/;
const NAME_START = /^[a-z0-9-]{0,200}$/;
const HEX = hexDigits();

/** Refuses a stream name that the format cannot hold. Throws a TypeError: a wrong name is a bug of the caller. */
export function checkStreamName(stream: string): void {
  if (!STREAM_NAME.test(stream)) throw new TypeError('A stream name is 1 to 200 characters of [a-z0-9-].');
}

/** Refuses an event that the format cannot hold as it is. Throws a TypeError. */
export function checkNewEvent({ type, meta, schema, data }: NewEvent): void {
  if (type.length === 0 || type.length > MAX_TYPE_CHARACTERS || !type.isWellFormed()) {
    throw new TypeError('An event type is 1 to 200 characters of well-formed text.');
  }
  if (!meta.isWellFormed()) throw new TypeError('The meta text is not well-formed Unicode.');
  if (!Number.isInteger(schema) || schema < 1 || schema >= TWO_32) {
    throw new TypeError('A schema version is an integer from 1.');
  }
  if (!(data instanceof Uint8Array)) throw new TypeError('The data of an event is a Uint8Array.');
}

/** An upper bound of the octets that `writeStored` needs for the event. */
export function storedSizeBound(stream: string, event: NewEvent): number {
  return STORED_HEADER_BYTES + stream.length + 3 * (event.type.length + event.meta.length) + event.data.byteLength;
}

/**
 * Writes a checked event at `offset` with its commit fields zero, and answers the offset after it. The target must
 * have room for `storedSizeBound`. Throws a TypeError when the id is no UUID.
 */
export function writeStored(target: Buffer, offset: number, stream: string, event: NewEvent): number {
  const { type, meta, schema, data } = event;
  target[offset] = STORED_FORMAT;
  target.fill(0, offset + RECORDED_AT, offset + STORED_ID_OFFSET);
  writeId(target, offset + STORED_ID_OFFSET, event.id);
  target.writeUInt32BE(schema, offset + SCHEMA);
  let end = offset + STORED_HEADER_BYTES;
  target[offset + STREAM_LENGTH] = stream.length;
  end += target.write(stream, end, 'latin1');
  const typeBytes = target.write(type, end, 'utf8');
  target.writeUInt16BE(typeBytes, offset + TYPE_LENGTH);
  end += typeBytes;
  const metaBytes = target.write(meta, end, 'utf8');
  target.writeUInt32BE(metaBytes, offset + META_LENGTH);
  end += metaBytes;
  target.set(data, end);
  return end + data.byteLength;
}

/** Fills what only the commit knows into bytes that `writeStored` wrote. */
export function stampStored(bytes: Buffer, recordedAt: Instant, revision: Revision): void {
  writeUint64(bytes, RECORDED_AT, recordedAt);
  writeUint64(bytes, REVISION, revision);
}

/** The exact bytes that the log keeps for the event. */
export function encodeStored(event: Omit<StoredEvent, 'position'>): Uint8Array {
  checkStreamName(event.stream);
  checkNewEvent(event);
  const target = Buffer.allocUnsafeSlow(storedSizeBound(event.stream, event));
  const end = writeStored(target, 0, event.stream, event);
  stampStored(target, event.recordedAt, event.revision);
  return new Uint8Array(target.buffer, 0, end).slice();
}

/**
 * The event that the bytes say. `data` is a view into `bytes`, not a copy.
 * Throws `Fault('store-corrupt')` for bytes that `encodeStored` cannot have made.
 */
export function decodeStored(bytes: Uint8Array, position: Position): StoredEvent {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < STORED_HEADER_BYTES || view[0] !== STORED_FORMAT) throw unreadable();
  const typeAt = STORED_HEADER_BYTES + view[STREAM_LENGTH]!;
  const metaAt = typeAt + view.readUInt16BE(TYPE_LENGTH);
  const dataAt = metaAt + view.readUInt32BE(META_LENGTH);
  if (dataAt > view.length) throw unreadable();
  return {
    id: readId(view),
    type: view.toString('utf8', typeAt, metaAt),
    schema: view.readUInt32BE(SCHEMA),
    meta: view.toString('utf8', metaAt, dataAt),
    data: new Uint8Array(bytes.buffer, bytes.byteOffset + dataAt, bytes.byteLength - dataAt),
    stream: view.toString('latin1', STORED_HEADER_BYTES, typeAt),
    revision: readUint64(view, REVISION),
    position,
    recordedAt: readUint64(view, RECORDED_AT),
  };
}

/** The commit time alone, without decoding the rest; `bytes` may be just the header. */
export function storedRecordedAt(bytes: Uint8Array): Instant {
  return readUint64(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), RECORDED_AT);
}

/** The event's id as sixteen Latin-1 characters: cheap to compare and to keep, without holding on to the bytes. */
export function storedIdKey(bytes: Buffer): string {
  return bytes.toString('latin1', STORED_ID_OFFSET, STORED_ID_OFFSET + 16);
}

/** Makes a test for "the stream's name starts with one of these" that looks at the bytes alone. */
export function storedPrefixTest(
  prefixes: readonly string[] | undefined,
): ((bytes: Uint8Array) => boolean) | undefined {
  if (prefixes === undefined) return undefined;
  // What no name can begin with is left out: Latin-1 would fold other characters onto those of a name.
  const wanted = prefixes.filter((prefix) => NAME_START.test(prefix)).map((prefix) => Buffer.from(prefix, 'latin1'));
  return (bytes) => wanted.some((prefix) => startsWith(bytes, prefix));
}

function startsWith(bytes: Uint8Array, prefix: Buffer): boolean {
  if (prefix.length > (bytes[STREAM_LENGTH] ?? 0)) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[STORED_HEADER_BYTES + i] !== prefix[i]) return false;
  return true;
}

function writeId(target: Buffer, offset: number, id: string): void {
  let at = offset;
  let valid = id.length === 36;
  for (let i = 0; valid && i < 36; i += 2) {
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      valid = id.charCodeAt(i) === 0x2d;
      i -= 1;
      continue;
    }
    const high = HEX[id.charCodeAt(i)] ?? -1;
    const low = HEX[id.charCodeAt(i + 1)] ?? -1;
    valid = high >= 0 && low >= 0;
    target[at++] = (high << 4) | low;
  }
  if (!valid) throw new TypeError('An event id is a UUID in lower case.');
}

function readId(view: Buffer): string {
  const hex = view.toString('hex', STORED_ID_OFFSET, STORED_ID_OFFSET + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function writeUint64(target: Buffer, offset: number, value: number): void {
  target.writeUInt32BE(Math.floor(value / TWO_32), offset);
  target.writeUInt32BE(value % TWO_32, offset + 4);
}

function readUint64(view: Buffer, offset: number): number {
  return view.readUInt32BE(offset) * TWO_32 + view.readUInt32BE(offset + 4);
}

function unreadable(): Fault {
  return new Fault('store-corrupt', 'The stored bytes are no event of a known format.');
}

/** Character code to digit, -1 for what is no lower-case hexadecimal digit. */
function hexDigits(): Int8Array {
  const digits = new Int8Array(128).fill(-1);
  for (let i = 0; i < 16; i++) digits['0123456789abcdef'.charCodeAt(i)] = i;
  return digits;
}
