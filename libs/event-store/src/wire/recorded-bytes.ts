/**
 * The answers of a read, straight from the stored bytes: building the generated messages would cost several times
 * as much, and a subscription sends one for each event.
 */
import type { StoredEvent } from '../port.ts';
import { isTombstone } from './wire-event.ts';
import { bytesSize, varintSize, writeBytes, writeVarint } from './varint.ts';

/** How event ids travel: as text, or as two signed 64-bit halves. */
export type IdForm = 'text' | 'halves';

/** The largest signed 64-bit integer as a varint: the revision of a tombstone. */
const DELETED = Buffer.from('ffffffffffffffff7f', 'hex');
const CREATED_ENTRY = Buffer.concat([Buffer.from([0x0a, 7]), Buffer.from('created')]);
const NO_POSITION = Buffer.from([0x22, 0]);

const ID_TAG = 0x0a;
const STREAM_TAG = 0x12;
const STREAM_NAME_TAG = 0x1a;
const REVISION_TAG = 0x18;
const PREPARE_TAG = 0x20;
const COMMIT_TAG = 0x28;
const METADATA_TAG = 0x32;
const EVENT_TAG = 0x0a;
const LINK_TAG = 0x12;
const COMMIT_POSITION_TAG = 0x18;

/** What a `ReadResp` says of one event: the event itself, and the link that led to it. */
export interface Resolved {
  /** Missing where a link leads nowhere. */
  readonly event?: StoredEvent;
  readonly link?: StoredEvent;
}

/** A `ReadResp` with a `ReadEvent`; `commit` is its place in $all, left out in reads of a stream. */
export function readEventBytes({ event, link }: Resolved, idForm: IdForm, commit?: number): Buffer {
  const eventBytes = event === undefined ? undefined : recordedBytes(event, idForm);
  const linkBytes = link === undefined ? undefined : recordedBytes(link, idForm);
  const size =
    (eventBytes === undefined ? 0 : bytesSize(eventBytes.length)) +
    (linkBytes === undefined ? 0 : bytesSize(linkBytes.length)) +
    (commit === undefined ? NO_POSITION.length : 1 + varintSize(commit));
  const target = Buffer.allocUnsafe(bytesSize(size));
  target[0] = EVENT_TAG;
  let at = writeVarint(target, 1, size);
  if (eventBytes !== undefined) at = writeBytes(target, at, EVENT_TAG, eventBytes);
  if (linkBytes !== undefined) at = writeBytes(target, at, LINK_TAG, linkBytes);
  if (commit === undefined) {
    target.set(NO_POSITION, at);
  } else {
    target[at] = COMMIT_POSITION_TAG;
    writeVarint(target, at + 1, commit);
  }
  return target;
}

function recordedBytes(event: StoredEvent, idForm: IdForm): Buffer {
  // Room for the id, the name, three numbers and the time: all but the fragment is short.
  const target = Buffer.allocUnsafe(160 + event.stream.length + event.data.length);
  let at = writeId(target, event.id, idForm);
  if (event.data[0] !== STREAM_TAG) {
    target[at++] = STREAM_TAG;
    at = writeVarint(target, at, bytesSize(event.stream.length));
    at = writeBytes(target, at, STREAM_NAME_TAG, Buffer.from(event.stream, 'latin1'));
  }
  target[at++] = REVISION_TAG;
  if (isTombstone(event)) at += DELETED.copy(target, at);
  else at = writeVarint(target, at, event.revision);
  target[at++] = PREPARE_TAG;
  at = writeVarint(target, at, event.position);
  target[at++] = COMMIT_TAG;
  at = writeVarint(target, at, event.position);
  // Ticks of 100 nanoseconds.
  const created = Buffer.from(`${event.recordedAt}0000`, 'latin1');
  target[at++] = METADATA_TAG;
  at = writeVarint(target, at, CREATED_ENTRY.length + bytesSize(created.length));
  at += CREATED_ENTRY.copy(target, at);
  at = writeBytes(target, at, 0x12, created);
  target.set(event.data, at);
  return target.subarray(0, at + event.data.length);
}

function writeId(target: Buffer, id: string, form: IdForm): number {
  target[0] = ID_TAG;
  if (form === 'text') {
    target[1] = bytesSize(id.length);
    return writeBytes(target, 2, 0x12, Buffer.from(id, 'latin1'));
  }
  const hex = id.replaceAll('-', '');
  const halves = Buffer.concat([
    Buffer.from([0x08]),
    unsigned(BigInt(`0x${hex.slice(0, 16)}`)),
    Buffer.from([0x10]),
    unsigned(BigInt(`0x${hex.slice(16)}`)),
  ]);
  target[1] = bytesSize(halves.length);
  return writeBytes(target, 2, 0x0a, halves);
}

function unsigned(value: bigint): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) octets.push(Number(rest & 127n) | 128);
  octets.push(Number(rest));
  return Buffer.from(octets);
}
