import type { Instant, Position, Revision } from '@anamnesis/kernel';
import type { Direction } from '../port.ts';
import { positionOf } from './position.ts';
import type { Outcome, RawEvent } from './raw.ts';
import { alongside, backwards, forwards, outcomeOf, type Protocol } from './step.ts';
import type { Tails } from './tails.ts';

/** An event that counts, and since when. */
export interface VisibleEvent {
  readonly raw: RawEvent;
  /** The logical id. */
  readonly id: string;
  readonly position: Position;
  readonly recordedAt: Instant;
}

export interface VisibleRead {
  readonly direction: Direction;
  /** Inclusive; undefined: from the end, backwards. */
  readonly from: Revision | undefined;
  readonly limit: number;
  /** Leave out what began to count after this position. */
  readonly upTo?: Position | undefined;
}

const PAGE = 500;
/** After a first page that was not enough: hidden events may lie in the way. */
const NEXT_PAGE = 32;

/**
 * A stream as readers see it: without intents that were aborted or are not decided yet. An open batch is not waited
 * for and not touched: until its commit record stands it is not part of the log. `tails` learns where the stream ends,
 * if the read shows it.
 */
export function* readVisible(stream: string, read: VisibleRead, tails?: Tails): Protocol<VisibleEvent[]> {
  const { direction, from, limit, upTo } = read;
  const found: VisibleEvent[] = [];
  const forward = direction === 'forwards';
  for (let next = from, size = Math.min(limit, PAGE); ; size = Math.min(Math.max(size, NEXT_PAGE), PAGE)) {
    const { events, end } = forward ? yield* forwards(stream, next ?? 0, size) : yield* backwards(stream, next, size);
    const visible = yield* visibleOf(events);
    const top = forward ? (end ? events.at(-1) : undefined) : next === undefined ? events[0] : undefined;
    if (top) learn(tails, top, forward ? visible.at(-1) : visible[0]);
    for (const event of visible) {
      if (upTo === undefined || event.position <= upTo) found.push(event);
      else if (forward) return found;
      if (found.length >= limit) return found;
    }
    const last = events.at(-1);
    if (end || !last) return found;
    next = last.revision + (forward ? 1 : -1);
    if (next < 0) return found;
  }
}

/** A stream whose last event counts has no undecided intent in it: nothing is appended above one. */
function learn(tails: Tails | undefined, top: RawEvent, end: VisibleEvent | undefined): void {
  if (!tails || end?.raw.revision !== top.revision) return;
  tails.set(top.stream, { raw: top.revision, visible: top.revision, lastId: end.id });
}

function* visibleOf(events: readonly RawEvent[]): Protocol<VisibleEvent[]> {
  const outcomes = yield* outcomesOf(events);
  const found: VisibleEvent[] = [];
  for (const raw of events) {
    const { envelope } = raw;
    if (!envelope || envelope.batch?.guard === true) continue;
    const { id, batch } = envelope;
    const outcome: Outcome | undefined = batch
      ? outcomes.get(batch.id)
      : { committed: true, commit: raw.commit, at: raw.at };
    if (outcome?.committed !== true) continue;
    const { commit, at } = outcome;
    found.push({ raw, id, position: positionOf(commit, batch?.index ?? 0), recordedAt: at });
  }
  return found;
}

function* outcomesOf(events: readonly RawEvent[]): Protocol<Map<string, Outcome | undefined>> {
  const batches = [...new Set(events.flatMap(({ envelope }) => envelope?.batch?.id ?? []))];
  const outcomes = yield* alongside(batches.map((batch) => outcomeOf(batch)));
  return new Map(batches.map((batch, i) => [batch, outcomes[i]]));
}
