import { derivedId } from '@anamnesis/kernel';
import type { NewEvent } from '../port.ts';
import type { AppendRequest, StreamPart } from './append-request.ts';
import type { Done, Recorded, TailsByStream } from './judge.ts';
import { positionOf } from './position.ts';
import type { BatchMark, ListedWrite, Listing, Outcome, RawEvent, RawNewEvent } from './raw.ts';
import { standing } from './settle.ts';
import { alongside, append, decide, forwards, outcomeOf, type Protocol } from './step.ts';
import type { Tails } from './tails.ts';

/** The type of the event that holds a condition in place. */
export const CONDITION_TYPE = 'BatchCondition';
/** A UUID that EventStoreDB does not take for an event. */
const NIL = '00000000-0000-0000-0000-000000000000';

/** One stream's write is atomic by itself. Answers nothing when the stream has moved. */
export function* placeAlone(
  request: AppendRequest,
  { stream, events }: StreamPart,
  tails: TailsByStream,
  known: Tails,
): Protocol<Done | undefined> {
  const { raw } = tails.get(stream)!;
  if (!(yield* append(stream, raw, events.map(plain)))) return undefined;
  // Only the server knows when and where it recorded them.
  const end = raw + events.length;
  const several = request.writes.length > 1;
  const stored = (yield* forwards(stream, several ? raw + 1 : end, several ? events.length : 1)).events;
  const last = stored.at(-1);
  const { id } = events.at(-1)!;
  if (last?.revision !== end || last.envelope?.id !== id) return undefined;
  if (several && stored.length !== events.length) return undefined;
  known.set(stream, { raw: end, visible: end, lastId: id });
  const ends = revisions(request, tails);
  const each = several ? ends.map((at) => stored[at - raw - 1]).filter((event) => event !== undefined) : [];
  return {
    last: recorded(last),
    revisions: ends,
    // A write without events has no event of its own to tell of.
    ...(each.length === ends.length && { each: each.map(recorded) }),
  };
}

const recorded = ({ commit, at }: RawEvent): Recorded => ({ position: positionOf(commit, 0), recordedAt: at });

/**
 * Writes intents to all streams, each at its exact raw tail, then the commit record. Answers nothing when it did not
 * come to that: the batch is aborted then.
 *
 * A condition on a stream without events is an intent as well, a guard that no reader sees. Between its append at the
 * exact tail and the decision nothing can be appended to its stream, as with every intent; so when the commit record
 * is written, every condition and every expectation of the batch holds, at that one moment.
 */
export function* placeBatch(
  request: AppendRequest,
  tails: TailsByStream,
  known: Tails,
  { batch, inTurn }: { readonly batch: string; readonly inTurn: boolean },
): Protocol<Done | undefined> {
  const places = placesOf(request, batch);
  let placed: boolean;
  try {
    placed = yield* placeAll(places, tails, inTurn);
  } catch (error) {
    yield* abortQuietly(batch);
    throw error;
  }
  if (!placed) {
    yield* decide(batch, undefined);
    return undefined;
  }
  const listing = listingOf(request, batch, tails);
  const outcome = yield* commit(batch, listing);
  if (!outcome.committed) return undefined;
  for (const { part, events } of places) {
    const tail = tails.get(part.stream)!;
    const raw = tail.raw + events.length;
    const last = part.events.at(-1);
    known.set(part.stream, last ? { raw, visible: raw, lastId: last.id } : { ...tail, raw });
  }
  const last = { position: positionOf(outcome.commit, request.events - 1), recordedAt: outcome.at };
  return { last, revisions: revisions(request, tails) };
}

interface Place {
  readonly part: StreamPart;
  readonly events: readonly RawNewEvent[];
}

function* placeAll(places: readonly Place[], tails: TailsByStream, inTurn: boolean): Protocol<boolean> {
  const put = ({ part, events }: Place): Protocol<boolean> => append(part.stream, tails.get(part.stream)!.raw, events);
  if (!inTurn) return (yield* alongside(places.map(put))).every((done) => done);
  for (const place of places) if (!(yield* put(place))) return false;
  return true;
}

/** After a fault the outcome is looked up, and made certain if the store lets us: no batch is left open for long. */
function* commit(batch: string, listing: Listing): Protocol<Outcome> {
  try {
    yield* decide(batch, listing);
    return yield* standing(batch);
  } catch (error) {
    let outcome: Outcome | undefined;
    try {
      outcome = yield* outcomeOf(batch);
      if (!outcome) {
        yield* decide(batch, undefined);
        outcome = yield* standing(batch);
      }
    } catch {
      throw error;
    }
    if (outcome.committed) return outcome;
    throw error;
  }
}

/** What failed matters more than that this fails too: whoever meets an intent will settle it. */
function* abortQuietly(batch: string): Protocol<void> {
  try {
    yield* decide(batch, undefined);
  } catch {
    return;
  }
}

/** The raw events of each stream: fresh ids, so that the store cannot take an aborted intent for this one. */
function placesOf({ writes, parts }: AppendRequest, batch: string): Place[] {
  const touched = parts.filter((part) => part.events.length > 0 || part.condition);
  const mark = (index: number): BatchMark => ({ id: batch, index, streams: touched.length });
  const events = new Map<string, RawNewEvent[]>(touched.map(({ stream }) => [stream, []]));
  let index = 0;
  for (const write of writes) {
    for (const event of write.events) {
      const envelope = { id: event.id, schema: event.schema, meta: event.meta, batch: mark(index++) };
      const storedId = intentId(batch, write.stream, event.id);
      events.get(write.stream)!.push({ storedId, type: event.type, data: event.data, envelope });
    }
  }
  for (const { stream, events: own } of touched) {
    if (own.length > 0) continue;
    const id = intentId(batch, stream, CONDITION_TYPE);
    const envelope = { id, schema: 1, meta: '', batch: { ...mark(0), guard: true as const } };
    events.get(stream)!.push({ storedId: id, type: CONDITION_TYPE, data: new Uint8Array(), envelope });
  }
  return touched.map((part) => ({ part, events: events.get(part.stream)! }));
}

function listingOf({ writes }: AppendRequest, batch: string, tails: TailsByStream): Listing {
  return writes
    .filter(({ events }) => events.length > 0)
    .map(({ stream, events, before }): ListedWrite => ({
      stream,
      first: tails.get(stream)!.raw + before + 1,
      ids: events.map(({ id }) => intentId(batch, stream, id)),
    }));
}

function intentId(batch: string, stream: string, id: string): string {
  return derivedId(batch, `${stream}\0${id}`);
}

function plain({ id, type, schema, meta, data }: NewEvent): RawNewEvent {
  return { storedId: id === NIL ? derivedId(id, 'event') : id, type, data, envelope: { id, schema, meta } };
}

/** Where each write left its stream. */
function revisions({ writes }: AppendRequest, tails: TailsByStream): number[] {
  return writes.map(({ stream, events, before }) => {
    const { raw, visible } = tails.get(stream)!;
    return events.length + before > 0 ? raw + before + events.length : visible;
  });
}
