import { Fault, newId } from '@anamnesis/kernel';
import type { AppendResult, EventStore, StreamWrite } from '../port.ts';
import { AnyAppends } from './any-appends.ts';
import { appendWrites } from './append-protocol.ts';
import { ANY, appendRequest, type AppendRequest } from './append-request.ts';
import { EventStoreDbReader, reachable, type EventStoreDbReaderOptions } from './event-store-db-reader.ts';
import type { Conflict, Done } from './judge.ts';
import { NOTHING } from './raw.ts';
import { StreamTurns } from './stream-turns.ts';

export interface EventStoreDbOptions extends EventStoreDbReaderOptions {
  /** How many events may wait for their append before `overloaded`; default 50,000. */
  readonly queuedEvents?: number;
  /** How many bytes may; default 128 MiB. */
  readonly queuedBytes?: number;
}

/**
 * The event store port on EventStoreDB (or KurrentDB, through the same API). One event of the port is one event there
 * (codec.ts); an append to several streams is atomic by the protocol of append-protocol.ts. Revisions are the server's
 * own: they increase, with gaps where a batch was aborted. One server setting matters: `MaxAppendSize` (1 MiB by
 * default) must be as large as the largest write to one stream.
 */
export class EventStoreDb extends EventStoreDbReader implements EventStore {
  readonly #turns = new StreamTurns();
  readonly #anyAppends = new AnyAppends({
    alone: (write) => this.#inTurn(appendRequest([write])),
    together: (writes) => this.#together(writes),
  });
  readonly #queuedEvents: number;
  readonly #queuedBytes: number;
  #events = 0;
  #bytes = 0;

  private constructor(options: EventStoreDbOptions) {
    super(options);
    this.#queuedEvents = options.queuedEvents ?? 50_000;
    this.#queuedBytes = options.queuedBytes ?? 128 * 1024 * 1024;
  }

  /** Throws as `openEventStoreDbReader` does. */
  static async open(options: EventStoreDbOptions): Promise<EventStoreDb> {
    const store = new EventStoreDb(options);
    await reachable(store);
    return store;
  }

  append(write: StreamWrite): Promise<AppendResult> {
    return this.appendAll([write]);
  }

  /** Over several streams it takes at most 4,096 events: a position has room for so many. */
  async appendAll(writes: readonly StreamWrite[]): Promise<AppendResult> {
    this.mustBeOpen();
    const request = appendRequest(writes);
    if (this.#events >= this.#queuedEvents || this.#bytes >= this.#queuedBytes) throw overloaded();
    this.#events += request.events;
    this.#bytes += request.bytes;
    try {
      const [first, ...more] = request.writes;
      if (first === undefined || more.length > 0 || first.expected !== ANY || first.events.length === 0) {
        return await this.call(() => this.#inTurn(request));
      }
      const { stream, events } = first;
      return await this.call(() => this.#anyAppends.append({ stream, expected: 'any', events }));
    } finally {
      this.#events -= request.events;
      this.#bytes -= request.bytes;
    }
  }

  #inTurn(request: AppendRequest): Promise<AppendResult> {
    const streams = request.parts.map(({ stream }) => stream);
    return this.#turns.run(streams, () => this.#append(request));
  }

  async #together(writes: readonly StreamWrite[]): Promise<readonly AppendResult[] | undefined> {
    const request = appendRequest(writes);
    const result = await this.#turns.run([writes[0]!.stream], () => this.#drive(request));
    if ('conflict' in result) return undefined;
    const { each, revisions } = result;
    return each?.map((recorded, i) => ({ ok: true, ...recorded, revisions: [revisions[i]!] }));
  }

  #drive(request: AppendRequest): Promise<Done | Conflict> {
    return this.drive(appendWrites(request, { tails: this.tails, newBatch: newId }));
  }

  async #append(request: AppendRequest): Promise<AppendResult> {
    const result = await this.#drive(request);
    if ('conflict' in result) {
      const { stream } = request.writes[result.conflict]!;
      return { ok: false, conflict: { stream, actual: result.actual === NOTHING ? 'none' : result.actual } };
    }
    const { last, revisions } = result;
    if (last) return { ok: true, ...last, revisions };
    return { ok: true, position: await this.headNow(), revisions, recordedAt: Date.now() };
  }
}

function overloaded(): Fault {
  return new Fault('overloaded', 'Too many appends are waiting for the event store.', { retryable: true });
}
