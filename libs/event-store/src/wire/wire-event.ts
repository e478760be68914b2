/**
 * An event of the protocol as the log keeps it. Its `data` there is a fragment of the protocol's own message
 * `ReadResp.ReadEvent.RecordedEvent`: the fields that never change (the stream's name where the log has a hash of it,
 * type, content type, custom metadata, data), so that an answer is these bytes and a few numbers. Whatever a client
 * sent is kept byte for byte.
 */
import type { NewEvent, StoredEvent } from '../port.ts';
import { streams } from './protocol.ts';
import { isPlain } from './stream-names.ts';
import { bytesSize, writeBytes, writeVarint } from './varint.ts';

/** Says in the log's clear part whose events these are. */
export const WIRE_META = '{"wire":1}';

/** The schema version of an event, and of a stream's tombstone. */
const EVENT = 1;
const TOMBSTONE = 2;

export const TOMBSTONE_TYPE = '$streamDeleted';
export const METADATA_TYPE = '$metadata';
export const LINK_TYPE = '$>';

/** The log's own field holds as much of a type, for tools; the fragment has all of it. */
const LOGGED_TYPE_CHARACTERS = 200;
/** The log knows no empty type. */
const NO_TYPE = '-';

const STREAM_TAG = 0x12;
const STREAM_NAME_TAG = 0x1a;
const METADATA_TAG = 0x32;
const CUSTOM_METADATA_TAG = 0x3a;
const DATA_TAG = 0x42;
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const TYPE = Buffer.from('type');
const CONTENT_TYPE = Buffer.from('content-type');
const NOTHING = new Uint8Array();

/** The log takes 10,000 events in one append; one may be the metadata of a stream that begins again. */
export const MOST_EVENTS = 9_999;

export const JSON_CONTENT = 'application/json';
export const BINARY_CONTENT = 'application/octet-stream';

/** An event as a client proposes it. */
export interface ProposedEvent {
  /** A UUID in lower case. */
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

export function toNewEvent(stream: string, event: ProposedEvent): NewEvent {
  return {
    id: event.id,
    type: event.type === '' ? NO_TYPE : event.type.slice(0, LOGGED_TYPE_CHARACTERS).toWellFormed(),
    schema: EVENT,
    meta: WIRE_META,
    data: toFragment(stream, event),
  };
}

export function tombstone(stream: string, id: string): NewEvent {
  const event = { id, type: TOMBSTONE_TYPE, contentType: BINARY_CONTENT, metadata: NOTHING, data: NOTHING };
  return { ...toNewEvent(stream, event), schema: TOMBSTONE };
}

export function isTombstone(event: StoredEvent): boolean {
  return event.schema === TOMBSTONE;
}

function toFragment(stream: string, { type, contentType, metadata, data }: ProposedEvent): Buffer {
  const name = isPlain(stream) ? NOTHING : Buffer.from(stream);
  const typeBytes = Buffer.from(type);
  const contentBytes = Buffer.from(contentType);
  const identifier = bytesSize(name.length);
  const typeEntry = bytesSize(TYPE.length) + bytesSize(typeBytes.length);
  const contentEntry = bytesSize(CONTENT_TYPE.length) + bytesSize(contentBytes.length);
  const size =
    (name.length === 0 ? 0 : bytesSize(identifier)) +
    bytesSize(typeEntry) +
    bytesSize(contentEntry) +
    bytesSize(metadata.length) +
    bytesSize(data.length);
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  if (name.length > 0) {
    target[at++] = STREAM_TAG;
    at = writeBytes(target, writeVarint(target, at, identifier), STREAM_NAME_TAG, name);
  }
  at = writeEntry(target, at, typeEntry, TYPE, typeBytes);
  at = writeEntry(target, at, contentEntry, CONTENT_TYPE, contentBytes);
  at = writeBytes(target, at, CUSTOM_METADATA_TAG, metadata);
  writeBytes(target, at, DATA_TAG, data);
  return target;
}

function writeEntry(target: Buffer, at: number, size: number, key: Uint8Array, value: Uint8Array): number {
  target[at++] = METADATA_TAG;
  const start = writeBytes(target, writeVarint(target, at, size), KEY_TAG, key);
  return writeBytes(target, start, VALUE_TAG, value);
}

/** The stream's name as the client gave it. */
export function streamOf(event: StoredEvent): string {
  if (event.data[0] !== STREAM_TAG) return event.stream;
  return Buffer.from(recorded(event).getStreamIdentifier()!.getStreamName_asU8()).toString('utf8');
}

export function typeOf(event: StoredEvent): string {
  if (event.type.length < LOGGED_TYPE_CHARACTERS && event.type !== NO_TYPE) return event.type;
  return recorded(event).getMetadataMap().get('type') ?? event.type;
}

export function dataOf(event: StoredEvent): Buffer {
  return Buffer.from(recorded(event).getData_asU8());
}

function recorded(event: StoredEvent): InstanceType<typeof streams.ReadResp.ReadEvent.RecordedEvent> {
  return streams.ReadResp.ReadEvent.RecordedEvent.deserializeBinary(event.data);
}
