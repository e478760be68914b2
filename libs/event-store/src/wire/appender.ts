import type { Position, Revision } from '@anamnesis/kernel';
import { Fault, newId } from '@anamnesis/kernel';
import type { EmbeddedEventStore } from '../embedded/embedded-event-store.ts';
import type { NewEvent, StreamWrite } from '../port.ts';
import { checkCommit, type CommitDecision } from './commit-check.ts';
import type { CommitBell } from './commit-bell.ts';
import type { ExpectedVersion } from './expected-version.ts';
import { DELETING_METADATA, METASTREAM_METADATA, parseMetadata, truncatedMetadata } from './stream-metadata.ts';
import { isMetastream, metastreamOf, originalOf } from './stream-names.ts';
import type { StreamState, StreamStates } from './stream-states.ts';
import { JSON_CONTENT, METADATA_TYPE, toNewEvent, tombstone, type ProposedEvent } from './wire-event.ts';

export type WriteOutcome =
  /** `position` is missing where nothing was written. */
  | { readonly kind: 'written'; readonly revision: Revision; readonly position?: Position }
  /** The stream's last revision, -1 for none. */
  | { readonly kind: 'wrong-version'; readonly current: Revision }
  | { readonly kind: 'deleted' };

const DELETED: WriteOutcome = { kind: 'deleted' };

/** Nothing was appended: the log does not stand where it was taken to. */
const LOST = Symbol('lost');

/** The log answers in order, so that a second attempt sees what the first one missed. */
const ATTEMPTS = 5;

/**
 * Decides appends in the order they come, each on top of the ones before it that are still on their way to the disk,
 * so that all of them can share a commit. The log is told the exact revision that was decided on: should an earlier
 * append fail, those above it find the log elsewhere and are decided anew.
 */
export class Appender {
  readonly #store: EmbeddedEventStore;
  readonly #states: StreamStates;
  readonly #bell: CommitBell;

  constructor(store: EmbeddedEventStore, states: StreamStates, bell: CommitBell) {
    this.#store = store;
    this.#states = states;
    this.#bell = bell;
  }

  /** Rejects with the store's `Fault`. */
  append(stream: string, expected: ExpectedVersion, events: readonly ProposedEvent[]): Promise<WriteOutcome> {
    const ids = events.map(({ id }) => id);
    return this.#decide(stream, expected, ids, (state) => {
      if (events.length === 0) return { kind: 'written', revision: state.revision };
      const stored = events.map((event) => toNewEvent(stream, event));
      const writes = [this.#write(state, stored)];
      const { revision } = state;
      const touched = [state];
      if (isMetastream(stream)) writes.push(...this.#applyMetadata(state, events.at(-1)!, touched));
      else if (state.metadata.softDeleted) writes.push(this.#undelete(state, writes[0]!, touched));
      return this.#commit(touched, writes, { revision, events: events.length });
    });
  }

  /** Deletes the stream: for as long as nothing is appended to it, or for ever. */
  delete(stream: string, expected: ExpectedVersion, how: 'soft' | 'hard'): Promise<WriteOutcome> {
    return this.#decide(stream, expected, [newId()], (state) => {
      const metastream = this.#states.of(metastreamOf(stream));
      if (how === 'soft') {
        const missing = state.revision < 0 && state.metadataText === undefined;
        if (missing) return { kind: 'wrong-version', current: state.revision };
        const write = this.#writeMetadata(state, metastream, DELETING_METADATA);
        return this.#commit([state, metastream], [write], { revision: metastream.revision, events: 1 });
      }
      const write = this.#write(state, [tombstone(stream, newId())]);
      state.tombstoned = true;
      metastream.tombstoned = true;
      return this.#commit([state, metastream], [write], { revision: state.revision, events: 1 });
    });
  }

  /** Decides again where the decision rested on an append that failed since. */
  async #decide(
    stream: string,
    expected: ExpectedVersion,
    ids: readonly string[],
    apply: (state: StreamState) => WriteOutcome | Promise<WriteOutcome | typeof LOST>,
  ): Promise<WriteOutcome> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const state = this.#states.of(stream);
      const decision = checkCommit(this.#states, state, expected, ids);
      const outcome = decision.kind === 'append' ? await apply(state) : await this.#settled(state, decision);
      if (outcome !== LOST) return outcome;
    }
    throw new Fault('store-unavailable', 'Appends that this one rests on have failed.', { retryable: true });
  }

  /** What is answered without an append is answered once all that it rests on is on the disk. */
  async #settled(
    state: StreamState,
    decision: Exclude<CommitDecision, { kind: 'append' }>,
  ): Promise<WriteOutcome | typeof LOST> {
    const current = state.revision;
    await state.settled;
    if (decision.kind === 'repeat') {
      const event = this.#states.at(state.key, decision.last);
      return event === undefined ? LOST : { kind: 'written', revision: decision.last, position: event.position };
    }
    if (!this.#states.knows(state)) return LOST;
    return decision.kind === 'deleted' ? DELETED : { kind: 'wrong-version', current };
  }

  #write(state: StreamState, events: readonly NewEvent[]): StreamWrite {
    const expected = state.revision < 0 ? 'none' : state.revision;
    for (const { id } of events) this.#states.remember(id, state.key, ++state.revision);
    return { stream: state.key, expected, events };
  }

  /**
   * What an append to a metastream sets counts from the next append on. If the stream is deleted, it begins again
   * after its last event: what was deleted stays hidden under any metadata.
   */
  #applyMetadata(metastream: StreamState, last: ProposedEvent, touched: StreamState[]): StreamWrite[] {
    const original = this.#states.of(originalOf(metastream.name));
    touched.push(original);
    const restored = original.metadata.softDeleted;
    original.metadataText = Buffer.from(last.data).toString('utf8');
    if (!isMetastream(original.name)) original.metadata = parseMetadata(original.metadataText);
    if (!restored || original.metadata.softDeleted) return [];
    return [this.#writeMetadata(original, metastream, truncatedMetadata(original.metadataText, original.revision + 1))];
  }

  /** Events are appended to a deleted stream: it begins again at the first of them. */
  #undelete(state: StreamState, write: StreamWrite, touched: StreamState[]): StreamWrite {
    const metastream = this.#states.of(metastreamOf(state.name));
    touched.push(metastream);
    const first = state.revision - write.events.length + 1;
    return this.#writeMetadata(state, metastream, truncatedMetadata(state.metadataText ?? DELETING_METADATA, first));
  }

  #writeMetadata(state: StreamState, metastream: StreamState, text: string): StreamWrite {
    const event: ProposedEvent = {
      id: newId(),
      type: METADATA_TYPE,
      contentType: JSON_CONTENT,
      metadata: new Uint8Array(),
      data: Buffer.from(text),
    };
    state.metadataText = text;
    state.metadata = isMetastream(state.name) ? METASTREAM_METADATA : parseMetadata(text);
    return this.#write(metastream, [toNewEvent(metastream.name, event)]);
  }

  /** `answer` is about the events of the first write; the other ones stand after them. */
  async #commit(
    touched: readonly StreamState[],
    writes: readonly StreamWrite[],
    answer: { readonly revision: Revision; readonly events: number },
  ): Promise<WriteOutcome | typeof LOST> {
    const all = writes.reduce((sum, { events }) => sum + events.length, 0);
    const committed = this.#store.appendAll(writes);
    for (const state of touched) {
      state.pending += 1;
      state.settled = committed.catch(() => undefined);
    }
    try {
      const result = await committed;
      if (!result.ok) {
        this.#takeBack(touched, writes);
        return LOST;
      }
      this.#bell.ring(writes.map(({ stream }) => stream));
      return { kind: 'written', revision: answer.revision, position: result.position - (all - answer.events) };
    } catch (error) {
      this.#takeBack(touched, writes);
      throw error;
    } finally {
      for (const state of touched) state.pending -= 1;
    }
  }

  /** What was decided did not happen, or nobody knows: whoever comes next asks the log. */
  #takeBack(touched: readonly StreamState[], writes: readonly StreamWrite[]): void {
    for (const state of touched) this.#states.forget(state);
    for (const { events } of writes) for (const { id } of events) this.#states.forgetId(id);
  }
}
