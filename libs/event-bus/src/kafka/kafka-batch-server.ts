import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { setTimeout as rest } from 'node:timers/promises';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import { Fault, type Position } from '@anamnesis/kernel';
import { pauseOf, type Backoff, type ConsumeFailure } from '../backoff.ts';
import type { ConsumeOptions, Delivery } from '../port.ts';
import type { BusAdmin } from './bus-admin.ts';
import { laneName, type BusNames, type Lane } from './bus-names.ts';
import type { ConsumerTuning } from './consumer-tuning.ts';
import { kafkaFault, newClient, type KafkaConnection } from './kafka-client.ts';
import { LaneCommits } from './lane-commits.ts';
import { firstPosition, partsOf } from './lane-parts.ts';
import { LaneState, startOf } from './lane-state.ts';

export interface KafkaBatchServerOptions {
  readonly connection: KafkaConnection;
  readonly names: BusNames;
  readonly admin: BusAdmin;
  readonly consume: ConsumeOptions;
  readonly contexts: readonly string[];
  readonly handler: (delivery: Delivery) => Promise<void>;
  readonly setAside: (event: StoredEvent, lane: string, error: unknown) => Promise<void>;
  readonly failed: (failure: ConsumeFailure) => void;
  readonly backoff: Backoff;
  readonly tuning: ConsumerTuning;
}

export type BatchServerEvents = {
  /** It has joined its group and was given these lanes. */
  lanes: (lanes: readonly string[]) => void;
};

/** The lane that failures of the whole consumer are told of. */
const EVERY_LANE = '*';

/**
 * A transport of Nest's that hands over whole batches: events and progress of a lane at a time, its offset committed
 * after the effect, every lane at its own pace. Nest's own Kafka transport hands over single messages, and a message
 * that its handler rejects holds up the partition for ever. `app.connectMicroservice({ strategy })` starts and stops
 * it with an application; `KafkaEventBus` does so for each `consume`.
 */
export class KafkaBatchServer
  extends Server<BatchServerEvents, 'connecting' | 'consuming' | 'stopped'>
  implements CustomTransportStrategy
{
  /** Resolves when closed; rejects with what no repeat will overcome. */
  readonly ended: Promise<void>;
  readonly #options: KafkaBatchServerOptions;
  readonly #end: PromiseWithResolvers<void>;
  readonly #lanes = new Map<string, LaneState>();
  readonly #commits: LaneCommits;
  /** Lanes that have been taken up at a fixed `resumeAt` once: from then on the bus's own progress counts. */
  readonly #resumed = new Set<string>();
  readonly #listeners: BatchServerEvents['lanes'][] = [];
  #consumer: Consumer | undefined;
  #generation = 0;
  #crashes = 0;
  #stopping = false;
  #closing: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #starting: Promise<void> = Promise.resolve();

  constructor(options: KafkaBatchServerOptions) {
    super();
    this.#options = options;
    this.#end = Promise.withResolvers();
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined);
    this.#commits = new LaneCommits(options.tuning.commitEveryMs, (error) => this.#tell(EVERY_LANE, 1, error));
  }

  /** `callback` is called when the first try to join the group is over, with what it failed with, if it did. */
  override listen(callback: (error?: unknown) => void): void {
    this._status$.next('connecting');
    this.#starting = this.#start();
    this.#starting.then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  /** Finishes the deliveries in hand, commits them and leaves the group. */
  override close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  override on<Event extends keyof BatchServerEvents>(_event: Event, callback: BatchServerEvents[Event]): void {
    this.#listeners.push(callback);
  }

  /** The client's consumer. */
  override unwrap<T>(): T {
    return this.#consumer as T;
  }

  override addHandler(): void {
    throw new Error('A batch transport is given its handler when it is made; Nest would turn its faults into text.');
  }

  async #start(): Promise<void> {
    const { connection, names, tuning, consume, contexts } = this.#options;
    const consumer = newClient(connection, { initialRetryTime: 100, retries: 5 }).consumer({
      groupId: names.group(consume.group),
      sessionTimeout: tuning.sessionTimeoutMs,
      rebalanceTimeout: tuning.rebalanceTimeoutMs,
      heartbeatInterval: tuning.heartbeatMs,
      maxBytes: tuning.maxBytes,
      maxBytesPerPartition: tuning.maxBytesPerLane,
      maxWaitTimeInMs: tuning.waitMs,
      allowAutoTopicCreation: false,
      // Its own way to start over keeps the old state; a new consumer has none.
      retry: { restartOnFailure: async () => false },
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#assigned(consumer, payload.memberAssignment));
    consumer.on(consumer.events.CRASH, ({ payload }) => void this.#crashed(consumer, payload.error));
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => this.#passed(payload));
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: contexts.map((context) => names.topic(context)), fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: tuning.lanesAtOnce,
        eachBatch: (payload) => this.#take(payload),
      });
    } catch (error) {
      await this.#crashed(consumer, error);
    }
  }

  /** A new generation of the group: every lane is taken up from what the group has committed. */
  #assigned(consumer: Consumer, assignment: Record<string, number[]>): void {
    const lanes = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition): Lane => ({ topic, partition })),
    );
    this.#generation += 1;
    this.#commits.forget();
    const names = new Set(lanes.map(laneName));
    for (const [name, state] of this.#lanes) {
      clearTimeout(state.retry);
      state.retry = undefined;
      if (!names.has(name)) this.#lanes.delete(name);
    }
    // Nothing is read before it is known where: this is called before the first fetch.
    consumer.pause(lanes.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
    void this.#takeUp(consumer, lanes, this.#generation);
  }

  async #takeUp(consumer: Consumer, lanes: readonly Lane[], generation: number): Promise<void> {
    const { admin, consume, contexts } = this.#options;
    for (let attempt = 1; this.#isCurrent(generation); attempt++) {
      try {
        const committed = await admin.committed(consume.group, contexts);
        const starts = await Promise.all(
          lanes.map(async (lane) => {
            const { offset, mark } = committed.get(laneName(lane)) ?? { offset: undefined, mark: undefined };
            return startOf(offset, mark?.through, await this.#resumeAt(laneName(lane)), consume.from);
          }),
        );
        const lows = await Promise.all(lanes.map((lane, index) => (starts[index]!.rewind ? this.#lowOf(lane) : 0n)));
        if (!this.#isCurrent(generation)) return;
        for (const [index, lane] of lanes.entries()) {
          const state = this.#lane(lane);
          const { through, passOver, next, rewind } = starts[index]!;
          state.begin(through, passOver, next);
          if (rewind) consumer.seek({ ...lane, offset: String(lows[index]) });
          consumer.resume([{ topic: lane.topic, partitions: [lane.partition] }]);
        }
        this._status$.next('consuming');
        for (const listener of this.#listeners) listener(lanes.map(laneName));
        return;
      } catch (error) {
        this.#tell(EVERY_LANE, attempt, error);
        await this.#rest(attempt);
      }
    }
  }

  async #lowOf({ topic, partition }: Lane): Promise<bigint> {
    return (await this.#options.admin.offsetsOf(topic))[partition]?.low ?? 0n;
  }

  async #resumeAt(lane: string): Promise<Position | undefined> {
    const { resumeAt } = this.#options.consume;
    if (typeof resumeAt === 'function') return resumeAt(lane);
    return this.#resumed.has(lane) ? undefined : resumeAt;
  }

  /** Batches without messages for anybody, only control markers and aborted ones, are passed by the client itself. */
  #passed({ topic, partition, batchSize, firstOffset, lastOffset }: PassedBatch): void {
    const state = this.#lanes.get(laneName({ topic, partition }));
    if (state === undefined || batchSize > 0) return;
    if (firstOffset === null || BigInt(firstOffset) <= state.next) state.next = BigInt(lastOffset) + 1n;
  }

  #take(payload: EachBatchPayload): Promise<void> {
    const state = this.#lane(payload.batch);
    const turn = state.turn.then(() => this.#takeInTurn(state, payload));
    state.turn = turn.catch(() => undefined);
    return turn;
  }

  async #takeInTurn(state: LaneState, payload: EachBatchPayload): Promise<void> {
    const generation = this.#generation;
    const beat = this.#beat(payload);
    try {
      if (this.#hasLost(state, payload.batch)) return void this.#finish(new Fault('bus-unavailable', LOST));
      for (const part of partsOf(payload.batch, this.#wants(state))) {
        if (this.#stopping || beat.failure !== undefined || payload.isStale() || !payload.isRunning()) break;
        const { events, through } = part;
        if (!part.silent) await state.delivery.deliver({ events, lane: state.name, through });
        // A lane that was given to somebody else meanwhile is theirs to commit.
        if (generation !== this.#generation) break;
        this.#done(state, payload, part.lastOffset);
      }
      this.#crashes = 0;
    } catch (error) {
      this.#retryLater(state, generation, error);
    } finally {
      beat.stop();
    }
    if (this.#stopping || beat.failure !== undefined) await this.#commits.flush();
    if (beat.failure !== undefined) throw beat.failure;
  }

  #done(state: LaneState, { batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload, offset: string): void {
    resolveOffset(offset);
    this.#resumed.add(state.name);
    // With the last message what follows it is done too: a control marker, mostly.
    const end = offset === batch.messages.at(-1)?.offset ? batch.lastOffset() : offset;
    state.next = BigInt(end) + 1n;
    const mark = { through: state.through, contexts: this.#options.contexts };
    this.#commits.note(state.lane, String(state.next), mark, commitOffsetsIfNecessary);
  }

  /** Whether events that nobody handled are gone from the lane: it begins later than it should. */
  #hasLost(state: LaneState, batch: EachBatchPayload['batch']): boolean {
    const first = batch.firstOffset();
    if (first === null || BigInt(first) <= state.next) return false;
    const position = firstPosition(batch);
    return position === undefined || position > state.passOver;
  }

  #wants(state: LaneState): Parameters<typeof partsOf>[1] {
    const { group, prefixes, batchSize = 500 } = this.#options.consume;
    return {
      group,
      batchSize,
      wanted: (stream) => prefixes === undefined || prefixes.some((prefix) => stream.startsWith(prefix)),
      through: state.through,
      passOver: state.passOver,
      foreign: () => this.#tell(state.name, 1, new Fault('bus-unavailable', 'A message is no event of ours.')),
    };
  }

  /** The lane rests, the others go on: its batch is let go of and fetched again. */
  #retryLater(state: LaneState, generation: number, error: unknown): void {
    const attempt = state.failed();
    this.#tell(state.name, attempt, error);
    if (this.#stopping || !this.#isCurrent(generation)) return;
    const { topic, partition } = state.lane;
    const consumer = this.#consumer;
    consumer?.pause([{ topic, partitions: [partition] }]);
    state.retry = setTimeout(
      () => {
        state.retry = undefined;
        if (this.#isCurrent(generation)) consumer?.resume([{ topic, partitions: [partition] }]);
      },
      pauseOf(this.#options.backoff, attempt),
    );
  }

  /** Keeps the membership alive while a handler takes its time. */
  #beat({ heartbeat }: EachBatchPayload): { failure: unknown; stop: () => void } {
    const beat = { failure: undefined as unknown, stop: (): void => clearInterval(timer) };
    const timer = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        beat.failure ??= error;
      });
    }, this.#options.tuning.heartbeatMs);
    return beat;
  }

  async #crashed(consumer: Consumer, error: unknown): Promise<void> {
    if (this.#stopping || consumer !== this.#consumer) return;
    this.#generation += 1;
    this.#commits.forget();
    this._status$.next('connecting');
    const fault = kafkaFault(error);
    this.#crashes += 1;
    this.#tell(EVERY_LANE, this.#crashes, fault);
    await consumer.disconnect().catch(() => undefined);
    if (!fault.retryable) return this.#finish(fault);
    await this.#rest(this.#crashes);
    if (!this.#stopping) this.#starting = this.#start();
  }

  async #close(): Promise<void> {
    this.#stopping = true;
    this.#stop.abort();
    for (const { retry } of this.#lanes.values()) clearTimeout(retry);
    await this.#starting.catch(() => undefined);
    await this.#commits.flush();
    await this.#consumer?.disconnect().catch(() => undefined);
    this.#commits.forget();
    this._status$.next('stopped');
    this.#end.resolve();
  }

  #finish(fault: Fault): void {
    this.#end.reject(fault);
    // Not awaited: the client waits for the batch in hand, which is where this may be called from.
    void this.close();
  }

  async #rest(attempt: number): Promise<void> {
    const { signal } = this.#stop;
    await rest(pauseOf(this.#options.backoff, attempt), undefined, { signal }).catch(() => undefined);
  }

  #lane(lane: Lane): LaneState {
    const name = laneName(lane);
    const found = this.#lanes.get(name);
    if (found !== undefined) return found;
    const { handler, setAside } = this.#options;
    const { topic, partition } = lane;
    const state = new LaneState(
      { topic, partition },
      { handler, setAside: (event, error) => setAside(event, name, error) },
    );
    this.#lanes.set(name, state);
    return state;
  }

  #isCurrent(generation: number): boolean {
    return !this.#stopping && generation === this.#generation;
  }

  #tell(lane: string, attempt: number, error: unknown): void {
    this.#options.failed({ group: this.#options.consume.group, lane, attempt, error });
  }
}

const LOST = 'The bus no longer holds events that this group has not seen; rebuild from the store.';

interface PassedBatch extends Lane {
  readonly batchSize: number;
  readonly firstOffset: string | null;
  readonly lastOffset: string;
}
