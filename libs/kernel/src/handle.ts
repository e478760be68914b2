/** The only load-decide-append loop. */
import type { Command, Decider, Refusal } from './decider.ts';
import type { DataClass, Fact, Instant, Position, RecordedFact, Revision } from './event.ts';
import { Fault } from './fault.ts';

/** Facts for one stream, with the revision they rest on; not yet stored. */
export interface PendingFacts {
  readonly stream: string;
  readonly expected: Revision | 'none' | 'any';
  readonly facts: readonly Fact[];
  readonly subject?: string;
  readonly dataClass: DataClass;
}

/** What the loop needs of a journal that reads. */
export interface LoadsStreams {
  load(stream: string): Promise<{ readonly facts: readonly RecordedFact[]; readonly revision: Revision | 'none' }>;
}

/** What the loop needs of a journal; `W` is what it wants to know about the work. */
export interface CommitsFacts<W> extends LoadsStreams, Commits<PendingFacts, W> {}

/** Appends decisions of the form `P`, all or none. */
export interface Commits<P, W> {
  commit(
    pending: readonly P[],
    work: W,
  ): Promise<
    | {
        readonly ok: true;
        readonly position: Position;
        readonly recordedAt: Instant;
        readonly revisions: readonly Revision[];
      }
    | { readonly ok: false }
  >;
}

/** A command for one stream. */
export interface Task<C extends Command, S, R extends Refusal, W extends { readonly command: string }> {
  readonly journal: LoadsStreams;
  readonly decider: Decider<C, S, R>;
  readonly stream: string;
  readonly command: C;
  /** Its `command` is the id that a repeated command is found by; events carry it. */
  readonly work: W;
  readonly subject?: string;
  readonly dataClass: DataClass;
  /**
   * What must be appended along with the facts, such as a claim in another stream, or why that cannot be. Asked again
   * on each try; `state` is what the decision rests on.
   */
  also?(facts: readonly Fact[], state: S): Promise<readonly PendingFacts[] | { readonly refused: R }>;
}

export interface Refused<R extends Refusal> {
  readonly ok: false;
  readonly refused: R;
}

/** What a command did, now or when it was first handled. */
export interface Done {
  readonly ok: true;
  /** The command's facts in its own stream; none when there was nothing to do. */
  readonly facts: readonly Fact[];
  /** The revision of the last of them; of the stream, when there are none. */
  readonly revision: Revision | 'none';
  /** Where they stand in the log; of the stream's last fact, when there are none (0: it is empty). */
  readonly position: Position;
  /** When the log learned that last fact; absent when the stream is empty. */
  readonly recordedAt?: Instant;
  /** The log already held the command: nothing was appended. */
  readonly repeated: boolean;
}

/** A decision that is not committed: its own write first, then what goes with it. Nothing pending: it is `done`. */
export type DecidedOn<R extends Refusal> =
  | Refused<R>
  | { readonly ok: true; readonly pending: readonly PendingFacts[]; readonly facts: readonly Fact[] }
  | { readonly ok: true; readonly pending: readonly []; readonly done: Done };

/**
 * Loads the stream, folds it, and decides. `pendingBefore` are the earlier decisions of the same batch: those for this
 * stream are folded on top, and the new facts rest on them. A command that the stream holds already is not decided
 * again: the answer is the first one.
 */
export async function decideOn<C extends Command, S, R extends Refusal, W extends { readonly command: string }>(
  task: Task<C, S, R, W>,
  pendingBefore: readonly PendingFacts[] = [],
): Promise<DecidedOn<R>> {
  const { journal, decider, stream, command, work, subject, dataClass } = task;
  const loaded = await journal.load(stream);
  const first = loaded.facts.filter(({ meta }) => meta.command === work.command);
  if (first.length > 0) return { ok: true, pending: [], done: { ...endOf(first), facts: first, repeated: true } };

  let state = loaded.facts.reduce((s, fact) => decider.evolve(s, fact), decider.initial);
  let expected: PendingFacts['expected'] = loaded.revision;
  for (const before of pendingBefore) {
    if (before.stream !== stream) continue;
    state = before.facts.reduce((s, fact) => decider.evolve(s, fact), state);
    expected = revisionAfter(before);
  }
  const decision = decider.decide(command, state);
  if ('refused' in decision) return { ok: false, refused: decision.refused };
  const facts = decision.accepted;
  const also = (await task.also?.(facts, state)) ?? [];
  if ('refused' in also) return { ok: false, refused: also.refused };
  if (facts.length === 0 && also.length === 0) {
    return { ok: true, pending: [], done: { ...endOf(loaded.facts), facts, repeated: false } };
  }
  const own: PendingFacts = { stream, expected, facts, dataClass, ...(subject !== undefined && { subject }) };
  return { ok: true, pending: [own, ...also], facts };
}

/** What one try of the loop decided: something to append, or an answer that needs none. */
export type Try<A, P = PendingFacts> = { readonly pending: readonly P[]; readonly answer: A } | { readonly settled: A };

/** An answer, and where it was committed; nothing, when it needed no append. */
export interface Settled<A> {
  readonly answer: A;
  readonly committed?: {
    readonly position: Position;
    readonly recordedAt: Instant;
    readonly revisions: readonly Revision[];
  };
}

/**
 * The loop itself: decides, commits all of it in one append, and decides again when somebody was faster, `retries`
 * times (default 8), then throws `Fault` `conflict-persists`. With `recognises`, a decision that is asked again finds
 * what an append with an open outcome (a fault of the store) has left; without it such a fault is thrown.
 */
export async function commitDecided<A, W, P = PendingFacts>(
  journal: Commits<P, W>,
  work: W,
  decide: (attempt: number) => Promise<Try<A, P>>,
  { retries = 8, recognises = false }: { readonly retries?: number | undefined; readonly recognises?: boolean } = {},
): Promise<Settled<A>> {
  let unknown: Fault | undefined;
  for (let attempt = 0; attempt <= retries; attempt++) {
    const tried = await decide(attempt);
    if ('settled' in tried) return { answer: tried.settled };
    try {
      const committed = await journal.commit(tried.pending, work);
      if (committed.ok) return { answer: tried.answer, committed };
      unknown = undefined;
    } catch (error) {
      if (!recognises || !leavesOutcomeOpen(error)) throw error;
      unknown = error;
    }
  }
  throw (
    unknown ?? new Fault('conflict-persists', 'Others kept writing to the same stream; try again.', { retryable: true })
  );
}

/**
 * Handles a command: decides, and appends at the revision that the decision rests on. After a conflict it loads and
 * decides again. After a fault of the store that leaves the outcome open, the stream says whether the command took
 * effect: it is found there by its id.
 */
export async function handle<C extends Command, S, R extends Refusal, W extends { readonly command: string }>(
  task: Task<C, S, R, W> & { readonly journal: CommitsFacts<W>; readonly retries?: number },
): Promise<Done | Refused<R>> {
  const { journal, work, retries } = task;
  const decide = async (): Promise<Try<Done | Refused<R> | readonly Fact[]>> => {
    const decided = await decideOn(task);
    if (!decided.ok) return { settled: decided };
    return 'done' in decided ? { settled: decided.done } : { pending: decided.pending, answer: decided.facts };
  };
  const { answer, committed } = await commitDecided(journal, work, decide, { retries, recognises: true });
  if (!committed) return answer as Done | Refused<R>;
  const { position, recordedAt, revisions } = committed;
  return { ok: true, facts: answer as readonly Fact[], revision: revisions[0]!, position, recordedAt, repeated: false };
}

/** A queue that is full took nothing; any other fault that may pass can have struck after the append. */
function leavesOutcomeOpen(error: unknown): error is Fault {
  return error instanceof Fault && error.retryable && error.code !== 'overloaded';
}

function revisionAfter({ expected, facts }: PendingFacts): PendingFacts['expected'] {
  if (expected === 'any' || facts.length === 0) return expected;
  return (expected === 'none' ? -1 : expected) + facts.length;
}

function endOf(facts: readonly RecordedFact[]): Pick<Done, 'ok' | 'revision' | 'position' | 'recordedAt'> {
  const last = facts.at(-1);
  if (!last) return { ok: true, revision: 'none', position: 0 };
  return { ok: true, revision: last.revision, position: last.position, recordedAt: last.recordedAt };
}
