/**
 * Atomic appends to several streams on a store that is atomic per stream only, by a commit record as Percolator has
 * it (Peng and Dabek, OSDI 2010): each event is first an intent in its own stream, and the batch counts once
 * `BatchCommitted` stands in the stream `batch-<id>`, for whose first event commit and abort race.
 *
 * What holds at every moment, and why:
 * - Nothing stands above an undecided intent. Every append goes to the exact raw tail of its stream, also one that
 *   takes any revision; the tail is read first, and what is undecided there is settled (settle.ts). So the order of a
 *   stream is the order of the log.
 * - Nobody waits while he holds an intent of his own: a batch that does not get all its streams is aborted at once
 *   and begins anew. So no two wait for each other.
 * - Each attempt has a batch id of its own. A late intent of an aborted batch is hidden wherever it lands.
 */
import { Fault } from '@anamnesis/kernel';
import { NONE, type AppendRequest, type StreamPart } from './append-request.ts';
import {
  asTheFirstTime,
  conflictOf,
  findRepeats,
  mayRepeat,
  type Conflict,
  type Done,
  type TailsByStream,
} from './judge.ts';
import { placeAlone, placeBatch } from './place.ts';
import { readTail } from './settle.ts';
import { alongside, wait, type Protocol } from './step.ts';
import { EMPTY, type Tail, type Tails } from './tails.ts';

export interface AppendContext {
  readonly tails: Tails;
  /** A fresh UUID. */
  readonly newBatch: () => string;
  /** How often an append begins anew when others are faster; default 12. */
  readonly attempts?: number;
}

/** From this attempt on the streams of a batch are taken one after the other, by name: then somebody always wins. */
const IN_TURN_FROM = 2;

export function* appendWrites(request: AppendRequest, context: AppendContext): Protocol<Done | Conflict> {
  for (let turn = 0; turn < (context.attempts ?? 12); turn++) {
    if (turn > 0) yield* wait('contended', turn);
    const tried = yield* attempt(request, context, turn);
    if (tried) return tried;
    for (const { stream } of request.parts) context.tails.forget(stream);
  }
  throw new Fault('conflict-persists', 'Others kept writing to the same streams; try again.', { retryable: true });
}

/** Answers nothing when the streams moved meanwhile, and nothing was appended. */
function* attempt(request: AppendRequest, context: AppendContext, turn: number): Protocol<Done | Conflict | undefined> {
  let tails = turn === 0 ? yield* expectedTails(request, context.tails) : yield* readTails(request.parts);
  let conflict = conflictOf(request, tails);
  // What was expected or remembered may be old; what is refused is refused for what stands there now.
  if (conflict && turn === 0) {
    tails = yield* readTails(request.parts);
    conflict = conflictOf(request, tails);
  }
  if (conflict || mayRepeat(request, tails)) {
    const repeats = yield* findRepeats(request);
    const carrying = request.writes.filter(({ events }) => events.length > 0).length;
    if (carrying > 0 && repeats.size === carrying) return asTheFirstTime(request, repeats, tails);
    if (!conflict && repeats.size > 0) {
      const first = request.writes.findIndex((_, i) => repeats.has(i));
      conflict = { conflict: first, actual: tails.get(request.writes[first]!.stream)!.visible };
    }
  }
  return conflict ?? (yield* place(request, tails, context, turn));
}

function* place(
  request: AppendRequest,
  tails: TailsByStream,
  { tails: known, newBatch }: AppendContext,
  turn: number,
): Protocol<Done | undefined> {
  const carrying = request.parts.filter(({ events }) => events.length > 0);
  const conditions = request.parts.filter(({ condition }) => condition);
  if (carrying.length === 0) return yield* onlyConditions(request, tails, conditions);
  if (carrying.length === 1 && conditions.length === 0) return yield* placeAlone(request, carrying[0]!, tails, known);
  return yield* placeBatch(request, tails, known, { batch: newBatch(), inTurn: turn >= IN_TURN_FROM });
}

/** Several conditions that stand unchanged when they are looked at again held all at once, in between. */
function* onlyConditions(
  request: AppendRequest,
  tails: TailsByStream,
  conditions: readonly StreamPart[],
): Protocol<Done | undefined> {
  if (conditions.length > 1) {
    const again = yield* readTails(conditions);
    if (conditions.some(({ stream }) => again.get(stream)!.raw !== tails.get(stream)!.raw)) return undefined;
  }
  return { revisions: request.writes.map(({ stream }) => tails.get(stream)!.visible) };
}

/**
 * The tails as remembered; a stream that must not exist is taken at its word: an append that expects nothing there
 * proves it. Conditions alone prove nothing by an append, so for them the store is asked.
 */
function* expectedTails(request: AppendRequest, known: Tails): Protocol<TailsByStream> {
  const tails = new Map<string, Tail>();
  const unknown: StreamPart[] = [];
  for (const part of request.parts) {
    const proven = request.events > 0 && (part.events.length > 0 || part.condition);
    const tail = proven ? (known.get(part.stream) ?? ifNone(request, part.stream)) : undefined;
    if (tail) tails.set(part.stream, tail);
    else unknown.push(part);
  }
  for (const [stream, tail] of yield* readTails(unknown)) tails.set(stream, tail);
  return tails;
}

function ifNone({ writes }: AppendRequest, stream: string): Tail | undefined {
  return writes.find((write) => write.stream === stream)!.expected === NONE ? EMPTY : undefined;
}

function* readTails(parts: readonly StreamPart[]): Protocol<Map<string, Tail>> {
  const tails = yield* alongside(parts.map(({ stream }) => readTail(stream)));
  return new Map(parts.map(({ stream }, i) => [stream, tails[i]!]));
}
