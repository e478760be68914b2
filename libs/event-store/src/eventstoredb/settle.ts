import { Fault } from '@anamnesis/kernel';
import { NOTHING, type BatchMark, type Outcome } from './raw.ts';
import { backwards, decide, outcomeOf, wait, type Protocol } from './step.ts';
import type { Tail } from './tails.ts';

/** Pages grow: nearly always the last event says it, but aborted batches may lie above. */
const FIRST_PAGE = 1;
const LARGEST_PAGE = 256;

/** What stands in the stream of a batch once a decision was entered. */
export function* standing(batch: string): Protocol<Outcome> {
  const outcome = yield* outcomeOf(batch);
  if (outcome) return outcome;
  throw new Fault('store-unavailable', 'The event store does not show what was written to it.', { retryable: true });
}

/** How a batch ended. One that is open gets a little time, then it is aborted, unless its commit comes first. */
export function* resolve({ id, streams }: BatchMark): Protocol<Outcome> {
  for (let turn = 0; ; turn++) {
    const outcome = yield* outcomeOf(id);
    if (outcome) return outcome;
    if (!(yield* wait({ undecidedOver: streams }, turn))) break;
  }
  yield* decide(id, undefined);
  return yield* standing(id);
}

/** The end of a stream, after every intent that was met on the way has been decided. */
export function* readTail(stream: string): Protocol<Tail> {
  let raw: number | undefined;
  let from: number | undefined;
  for (let limit = FIRST_PAGE; ; limit = Math.min(8 * limit, LARGEST_PAGE)) {
    const { events, end } = yield* backwards(stream, from, limit);
    for (const { revision, envelope } of events) {
      raw ??= revision;
      from = revision - 1;
      if (!envelope) continue;
      const { batch, id } = envelope;
      const counts = batch === undefined || (yield* resolve(batch)).committed;
      if (counts && batch?.guard !== true) return { raw, visible: revision, lastId: id };
    }
    if (end || (from !== undefined && from < 0)) return { raw: raw ?? NOTHING, visible: NOTHING, lastId: '' };
  }
}
