import type { Instant, Position, Revision } from '@anamnesis/kernel';
import { ANY, NONE, type AppendRequest, type Write } from './append-request.ts';
import type { Protocol } from './step.ts';
import type { Tail } from './tails.ts';
import { readVisible, type VisibleEvent } from './visible.ts';

/** The index of the write whose expectation does not hold, and where its stream stands (-1: empty). */
export interface Conflict {
  readonly conflict: number;
  readonly actual: Revision;
}

export interface Recorded {
  readonly position: Position;
  readonly recordedAt: Instant;
}

/** What an append did. */
export interface Done {
  /** Of its last event; absent when it had none. */
  readonly last?: Recorded;
  /** Of each write's last event, where several writes to one stream went there together. */
  readonly each?: readonly Recorded[];
  readonly revisions: readonly Revision[];
}

export type TailsByStream = ReadonlyMap<string, Tail>;

/**
 * The first write whose expectation does not hold, given the ones before it. Within a batch a stream's revision is
 * counted on from where the batch found it, one an event, whatever numbers the events then get: that is all a caller
 * can know.
 */
export function conflictOf({ writes }: AppendRequest, tails: TailsByStream): Conflict | undefined {
  for (const [conflict, { stream, expected, before }] of writes.entries()) {
    const actual = tails.get(stream)!.visible + before;
    if (expected !== ANY && expected !== actual) return { conflict, actual };
  }
  return undefined;
}

/** Whether a write that takes any revision may have been appended before: then its last event ends the stream. */
export function mayRepeat({ writes }: AppendRequest, tails: TailsByStream): boolean {
  return writes.some(
    ({ stream, expected, events }) => expected === ANY && events.at(-1)?.id === tails.get(stream)!.lastId,
  );
}

/**
 * Which writes, by index, stand in the log already, each with its last event. It goes from the last write to the
 * first, because for `any` a repeated write ends where the next one to the same stream begins.
 */
export function* findRepeats({ writes }: AppendRequest): Protocol<Map<number, VisibleEvent>> {
  const found = new Map<number, VisibleEvent>();
  /** The raw revision below which the next repeat of a stream must end. */
  const ends = new Map<string, Revision>();
  for (const [index, write] of [...writes.entries()].toReversed()) {
    if (write.events.length === 0) continue;
    const events = write.expected === ANY ? yield* lastOf(write, ends) : yield* afterExpected(write);
    const same = events.length === write.events.length && events.every(({ id }, i) => id === write.events[i]!.id);
    if (!same) continue;
    found.set(index, events.at(-1)!);
    ends.set(write.stream, events[0]!.raw.revision);
  }
  return found;
}

function* lastOf({ stream, events }: Write, ends: ReadonlyMap<string, Revision>): Protocol<VisibleEvent[]> {
  const end = ends.get(stream);
  if (end === 0) return [];
  const from = end === undefined ? undefined : end - 1;
  const last = yield* readVisible(stream, { direction: 'backwards', from, limit: events.length });
  return last.toReversed();
}

/** The events of a stream that the write would have put there: after its batch's start and its earlier writes. */
function* afterExpected({ stream, expected, events, before }: Write): Protocol<VisibleEvent[]> {
  const start = expected - before;
  if (start < NONE) return [];
  const limit = before + events.length;
  return (yield* readVisible(stream, { direction: 'forwards', from: start + 1, limit })).slice(before);
}

/** The answer that the call got when it was first made. */
export function asTheFirstTime(
  { writes }: AppendRequest,
  repeats: ReadonlyMap<number, VisibleEvent>,
  tails: TailsByStream,
): Done {
  const { position, recordedAt } = [...repeats.values()].reduce((a, b) => (b.position > a.position ? b : a));
  const revisions = writes.map(({ stream }, i) => repeats.get(i)?.raw.revision ?? tails.get(stream)!.visible);
  const each = writes.map((_, i) => repeats.get(i)).filter((event) => event !== undefined);
  return { last: { position, recordedAt }, revisions, ...(each.length === writes.length && { each }) };
}
