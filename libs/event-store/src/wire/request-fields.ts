/** Fields that several requests have in common. Each throws INVALID_ARGUMENT for what it cannot take. */
import { isUtf8 } from 'node:buffer';
import type { shared } from './protocol.ts';
import { type streams } from './protocol.ts';
import type { ExpectedVersion } from './expected-version.ts';
import { toRevision } from './expected-version.ts';
import { invalidArgument, missingProperty } from './rpc-errors.ts';
import type { ProposedEvent } from './wire-event.ts';

type Identifier = InstanceType<typeof shared.StreamIdentifier>;
type Uuid = InstanceType<typeof shared.UUID>;
type Proposed =
  InstanceType<typeof streams.AppendReq.ProposedMessage> | InstanceType<typeof streams.BatchAppendReq.ProposedMessage>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A stream that is not $all. */
export function readStreamName(identifier: Identifier | undefined): string {
  const bytes = Buffer.from(identifier?.getStreamName_asU8() ?? []);
  if (!isUtf8(bytes)) throw invalidArgument('A stream name is UTF-8 text.');
  const name = bytes.toString('utf8');
  if (name === '' || name === '$$' || name === '$all') throw invalidArgument('This is no name of a stream.');
  return name;
}

export function readUuid(id: Uuid | undefined): string {
  const text = id?.hasStructured() === true ? fromHalves(id) : (id?.getString() ?? '').toLowerCase();
  if (!UUID.test(text)) throw invalidArgument('An event id is a UUID.');
  return text;
}

function fromHalves(id: Uuid): string {
  const halves = id.getStructured()!;
  const hex = [halves.getMostSignificantBits(), halves.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function readProposed(message: Proposed): ProposedEvent {
  const map = message.getMetadataMap();
  const type = map.get('type');
  const contentType = map.get('content-type');
  if (type === undefined) throw missingProperty('type');
  if (contentType === undefined) throw missingProperty('content-type');
  return {
    id: readUuid(message.getId()),
    type,
    contentType,
    metadata: message.getCustomMetadata_asU8(),
    data: message.getData_asU8(),
  };
}

/** What EventStoreDB counts against the limit of an append, in bytes: a type's characters are two each. */
export function sizeOf({ type, metadata, data }: ProposedEvent): number {
  return 2 * type.length + metadata.length + data.length;
}

/** The options that expect something of a stream; the revision is named differently in a batch. */
export interface ExpectingOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** `revision`: the expected revision, where the options name one. */
export function readExpected(options: ExpectingOptions, revision: string | undefined): ExpectedVersion {
  if (revision !== undefined) return toRevision(revision);
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasStreamExists()) return 'stream-exists';
  if (options.hasAny()) return 'any';
  throw invalidArgument('An expected revision must be given.');
}
