/**
 * Whether an append may happen, by EventStoreDB's rules ("Optimistic concurrency and idempotence" in its docs): the
 * same events again at the same expected revision succeed and append nothing, as far back as the revision reaches; at
 * "any" as far back as ids are remembered.
 */
import type { Revision } from '@anamnesis/kernel';
import type { ExpectedVersion } from './expected-version.ts';
import type { StreamState, StreamStates } from './stream-states.ts';

export type CommitDecision =
  | { readonly kind: 'append' }
  /** All of it stands in the stream already, the last of it at this revision. */
  | { readonly kind: 'repeat'; readonly last: Revision }
  | { readonly kind: 'wrong-version' }
  | { readonly kind: 'deleted' };

const APPEND: CommitDecision = { kind: 'append' };
const WRONG: CommitDecision = { kind: 'wrong-version' };
const DELETED: CommitDecision = { kind: 'deleted' };

export function checkCommit(
  states: StreamStates,
  state: StreamState,
  expected: ExpectedVersion,
  ids: readonly string[],
): CommitDecision {
  if (state.tombstoned) return DELETED;
  if (expected === 'stream-exists') {
    if (state.metadata.softDeleted) return DELETED;
    if (state.revision < 0 && state.metadataText === undefined) return WRONG;
  }
  if (expected === 'any' || expected === 'stream-exists') return checkAny(states, state, ids);
  const base = expected === 'no-stream' ? -1 : expected;
  if (base === state.revision) return APPEND;
  return base > state.revision ? WRONG : checkEarlier(states, state, base, ids);
}

function checkAny(states: StreamStates, state: StreamState, ids: readonly string[]): CommitDecision {
  let last = -1;
  for (const [i, id] of ids.entries()) {
    const revision = states.written(id, state.key);
    // Some of it stands there and some does not: that is no repeat.
    if (revision === undefined) return i === 0 ? APPEND : WRONG;
    last = revision;
  }
  return ids.length === 0 ? APPEND : { kind: 'repeat', last };
}

function checkEarlier(
  states: StreamStates,
  state: StreamState,
  base: Revision,
  ids: readonly string[],
): CommitDecision {
  for (const [i, id] of ids.entries()) {
    const revision = base + 1 + i;
    if (states.written(id, state.key) === revision || states.at(state.key, revision)?.id === id) continue;
    return i === 0 && base === -1 && state.metadata.softDeleted ? APPEND : WRONG;
  }
  return ids.length === 0 ? WRONG : { kind: 'repeat', last: base + ids.length };
}
