/**
 * How events stand in EventStoreDB. `data` is the event's binary data and its type is the event's type; everything
 * else of the envelope is JSON in the event's metadata:
 *
 *     { "anamnesis": 1, "id": "<logical id>", "schema": 1, "meta": "<clear envelope, JSON text>",
 *       "batch": { "id": "<batch>", "index": 0, "streams": 2, "guard": true } }      batch: of intents only
 *
 * A batch is decided by the first event of `batch-<id>`: `BatchCommitted`, whose JSON data lists the writes as
 * `{ "writes": [{ "stream", "first": <raw revision>, "ids": ["<event id>", ...] }] }`, or `BatchAborted`.
 */
import type { EventData, ResolvedEvent } from '@eventstore/db-client';
import { Fault, derivedId } from '@anamnesis/kernel';
import type { BatchMark, Envelope, ListedWrite, Listing, Outcome, RawEvent, RawNewEvent } from './raw.ts';

const FORMAT = 1;
export const COMMITTED = 'BatchCommitted';
const ABORTED = 'BatchAborted';
const NO_BYTES = new Uint8Array();

export function toEventData({ storedId, type, data, envelope }: RawNewEvent): EventData {
  return {
    id: storedId,
    contentType: 'application/octet-stream',
    type,
    data,
    metadata: { anamnesis: FORMAT, ...envelope },
  };
}

/** The decision over a batch. Its id is a function of the batch and of what is decided, so a repeat is known. */
export function toDecision(batch: string, listing: Listing | undefined): EventData {
  const type = listing ? COMMITTED : ABORTED;
  const data = listing ? { writes: listing } : {};
  const metadata = { anamnesis: FORMAT };
  return { id: derivedId(batch, type), contentType: 'application/json', type, data, metadata };
}

/** Undefined for what is no event, such as a link whose target is gone. */
export function toRawEvent({ event, commitPosition }: ResolvedEvent): RawEvent | undefined {
  if (!event) return undefined;
  const commit = event.position?.commit ?? commitPosition;
  if (commit === undefined) {
    throw new Fault('store-unavailable', 'The event store does not tell positions; EventStoreDB 22.6 or later does.');
  }
  const envelope = toEnvelope(event.metadata);
  return {
    stream: event.streamId,
    revision: Number(event.revision),
    commit: Number(commit),
    at: event.created.getTime(),
    storedId: event.id,
    type: event.type,
    data: event.isJson ? NO_BYTES : event.data,
    ...(event.isJson && { json: event.data }),
    ...(envelope && { envelope }),
  };
}

export function toOutcome(record: RawEvent): Outcome {
  return record.type === COMMITTED ? { committed: true, commit: record.commit, at: record.at } : { committed: false };
}

/** What a commit record lists. Throws `Fault('store-corrupt')` for one that the adapter cannot have written. */
export function toListing(record: RawEvent): Listing {
  const { writes } = record.json as { readonly writes?: readonly ListedWrite[] };
  const sound = writes?.every(({ stream, first, ids }) => stream && first >= 0 && ids.length > 0) ?? false;
  if (!writes || writes.length === 0 || !sound) throw corrupt();
  return writes;
}

function toEnvelope(metadata: unknown): Envelope | undefined {
  if (typeof metadata !== 'object' || metadata === null || metadata instanceof Uint8Array) return undefined;
  const { anamnesis, id, schema, meta, batch } = metadata as Partial<Envelope> & { readonly anamnesis?: number };
  if (anamnesis === undefined || id === undefined) return undefined;
  if (anamnesis !== FORMAT || typeof schema !== 'number' || typeof meta !== 'string') throw corrupt();
  return { id, schema, meta, ...(batch && { batch: checked(batch) }) };
}

function checked(batch: BatchMark): BatchMark {
  if (typeof batch.id !== 'string' || !Number.isInteger(batch.index)) throw corrupt();
  return batch;
}

function corrupt(): Fault {
  return new Fault('store-corrupt', 'An event of the event store is none that this program wrote.');
}
