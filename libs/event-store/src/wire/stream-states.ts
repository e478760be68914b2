import type { Position, Revision } from '@anamnesis/kernel';
import type { EmbeddedReader } from '../embedded/embedded-reader.ts';
import type { StoredEvent } from '../port.ts';
import { METASTREAM_METADATA, NO_METADATA, parseMetadata, type StreamMetadata } from './stream-metadata.ts';
import { isMetastream, logName, metastreamOf, originalOf } from './stream-names.ts';
import { dataOf, isTombstone } from './wire-event.ts';

/** As many states are kept of streams that nobody is writing to. */
const KEPT_STREAMS = 50_000;
/** As many ids of events are kept for repeats at "any" revision. */
const KEPT_IDS = 200_000;
/** As many events at most, and about as many bytes, are read for their ids when a stream is met for the first time. */
const FIRST_IDS = 512;
const FIRST_BYTES = 2 * 1024 * 1024;

/** A stream as the next append finds it: appends that are on their way to the disk count. */
export interface StreamState {
  readonly name: string;
  /** Its name in the log. */
  readonly key: string;
  /** The last event's revision in the log; -1 while there is none. A tombstone is an event here. */
  revision: Revision;
  tombstoned: boolean;
  /** The text of the last event of its metastream, where that was looked at or written. */
  metadataText: string | undefined;
  metadata: StreamMetadata;
  /** Appends under way. */
  pending: number;
  /** Settles with the last of them. */
  settled: Promise<unknown>;
}

interface Written {
  readonly key: string;
  readonly revision: Revision;
}

/** What the server knows of streams without asking the log again; the log decides in the end. */
export class StreamStates {
  readonly #store: EmbeddedReader;
  readonly #states = new Map<string, StreamState>();
  readonly #ids = new Map<string, Written>();

  constructor(store: EmbeddedReader) {
    this.#store = store;
  }

  of(name: string): StreamState {
    const key = logName(name);
    const known = this.#states.get(key);
    if (known !== undefined) {
      // The states met last stand at the end.
      this.#states.delete(key);
      this.#states.set(key, known);
      return known;
    }
    const state = this.#load(name, key);
    this.#states.set(key, state);
    this.#trim();
    return state;
  }

  /** Whether this is still what is known of the stream. */
  knows(state: StreamState): boolean {
    return this.#states.get(state.key) === state;
  }

  /** Forgets what turned out not to be so. */
  forget(state: StreamState): void {
    if (this.knows(state)) this.#states.delete(state.key);
  }

  remember(id: string, key: string, revision: Revision): void {
    this.#ids.delete(id);
    this.#ids.set(id, { key, revision });
    if (this.#ids.size > KEPT_IDS) this.#ids.delete(this.#ids.keys().next().value!);
  }

  forgetId(id: string): void {
    this.#ids.delete(id);
  }

  /** The revision at which the stream has the event, if it is among the ones written last. */
  written(id: string, key: string): Revision | undefined {
    const found = this.#ids.get(id);
    return found?.key === key ? found.revision : undefined;
  }

  /** The id and position of the event at this revision, as the log has it. */
  at(key: string, revision: Revision): { readonly id: string; readonly position: Position } | undefined {
    return this.#store.readStreamSync(key, { from: revision, limit: 1 })[0];
  }

  #load(name: string, key: string): StreamState {
    const [tail] = this.#store.readStreamSync(key, { direction: 'backwards', limit: 1 });
    if (tail !== undefined) this.#rememberLast(key, tail);
    const metadata = isMetastream(name) ? { metadata: METASTREAM_METADATA } : loggedMetadata(this.#store, name);
    return {
      name,
      key,
      revision: tail?.revision ?? -1,
      tombstoned:
        (tail !== undefined && isTombstone(tail)) || (isMetastream(name) && this.of(originalOf(name)).tombstoned),
      metadataText: undefined,
      ...metadata,
      pending: 0,
      settled: Promise.resolve(),
    };
  }

  #rememberLast(key: string, tail: StoredEvent): void {
    const limit = Math.min(FIRST_IDS, Math.ceil(FIRST_BYTES / (tail.data.length + 1)));
    const last = this.#store.readStreamSync(key, { direction: 'backwards', limit });
    for (const { id, revision } of last.toReversed()) this.remember(id, key, revision);
  }

  #trim(): void {
    if (this.#states.size <= KEPT_STREAMS) return;
    // A Map iterates in the order of insertion: the oldest one that nobody is writing to goes.
    for (const [key, state] of this.#states) {
      if (state.pending > 0) continue;
      this.#states.delete(key);
      return;
    }
  }
}

/** A stream's metadata as the log has it. */
export function loggedMetadata(
  reader: EmbeddedReader,
  name: string,
): { readonly metadata: StreamMetadata; readonly metadataText?: string } {
  const [event] = reader.readStreamSync(logName(metastreamOf(name)), { direction: 'backwards', limit: 1 });
  if (event === undefined) return { metadata: NO_METADATA };
  const metadataText = dataOf(event).toString('utf8');
  return { metadata: parseMetadata(metadataText), metadataText };
}
