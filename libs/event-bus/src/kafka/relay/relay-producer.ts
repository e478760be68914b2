import { Partitioners, type Message, type Producer } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import { Fault, type Position } from '@anamnesis/kernel';
import type { BusAdmin } from '../bus-admin.ts';
import { BUS_CONTEXTS, laneName, type BusNames } from '../bus-names.ts';
import { sizeOf } from '../event-message.ts';
import { asFault, errorsOf, kafkaFault, newClient, type KafkaConnection } from '../kafka-client.ts';
import { acknowledgedOnce, LaneBatches, topicMessages } from './lane-batches.ts';
import { encodeProgress, readProgress } from './relay-progress.ts';

export interface RelayProducerTuning {
  /** Quiet lanes are told at most so often how far they are complete, in milliseconds; default 40. */
  readonly watermarkEveryMs: number;
  /** At most so many bytes of events a transaction, as long as it has more than one; default 4 MiB. */
  readonly maxBytes: number;
  /** The broker gives up a transaction after so long, in milliseconds; default 30,000. */
  readonly transactionTimeoutMs: number;
}

export const RELAY_PRODUCER_TUNING: RelayProducerTuning = {
  watermarkEveryMs: 40,
  maxBytes: 4 * 1024 * 1024,
  transactionTimeoutMs: 30_000,
};

export interface RelayProducerOptions {
  readonly connection: KafkaConnection;
  readonly names: BusNames;
  readonly admin: BusAdmin;
  readonly tuning: RelayProducerTuning;
}

/**
 * After a commit the broker is still writing its markers and puts off the next transaction, so almost every one meets
 * a retry: from 5 ms on it takes 6 to 9 ms, from kafkajs's 300 ms on 130 to 260 (24 lanes, one broker).
 */
const RETRY = { initialRetryTime: 5, multiplier: 1.5, maxRetryTime: 250, retries: 40 };

/** Kafka's own default of `max.message.bytes`, for where we may not ask. */
const BATCH_BYTES_UNKNOWN = 1_048_588;

/** What the broker says to a producer whose place another has taken, or whose transaction it gave up. */
const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'TRANSACTION_COORDINATOR_FENCED',
]);

/**
 * A transactional producer for one turn of a relay. Whatever a send or commit is rejected with, it is of no use any
 * more: the outcome is unknown, and kafkajs's sequence numbers with it. The next one reads how far it came.
 */
export class RelayProducer {
  readonly progress: Position;
  readonly #producer: Producer;
  readonly #lanes: LaneBatches;
  readonly #names: BusNames;
  readonly #tuning: RelayProducerTuning;
  #through: Position;
  #lastWatermark = 0;
  #broken: Fault | undefined;
  #fenced = false;

  private constructor(
    producer: Producer,
    lanes: LaneBatches,
    progress: Position,
    { names, tuning }: RelayProducerOptions,
  ) {
    this.#producer = producer;
    this.#lanes = lanes;
    this.#names = names;
    this.#tuning = tuning;
    this.#through = this.progress = progress;
  }

  /** Fences every older producer, waits until its transaction is over, and reads how far it came. */
  static async open(options: RelayProducerOptions): Promise<RelayProducer> {
    const { connection, names, admin, tuning } = options;
    const producer = newClient(connection, RETRY).producer({
      transactionalId: names.relay,
      transactionTimeout: tuning.transactionTimeoutMs,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    try {
      const topics = BUS_CONTEXTS.map((context) => names.topic(context));
      const partitions = await admin.partitionsOf(topics);
      const limit = (await admin.smallestBatch(topics)) ?? BATCH_BYTES_UNKNOWN;
      // What a transaction brings may all go to one lane, as one batch; its framing takes some bytes as well.
      const maxBytes = Math.min(tuning.maxBytes, Math.floor(limit * 0.9));
      await asFault(producer.connect());
      // kafkajs takes its producer id with the first transaction, and with it the place of whoever had it.
      const first = await asFault(producer.transaction());
      await asFault(first.abort());
      const progress = await asFault(readProgress(connection, names, admin));
      return new RelayProducer(producer, new LaneBatches(names, partitions), progress, {
        ...options,
        tuning: { ...tuning, maxBytes },
      });
    } catch (error) {
      void producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /** Whether another producer has taken this one's place, as far as the broker said. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** Whether there are lanes that have not been told how far they are complete. */
  get owing(): boolean {
    return this.#broken === undefined && this.#lanes.behind(this.#through).length > 0;
  }

  /** See `RelayTurn.publish`. Batches that are too large for one transaction are several. */
  async publish(events: readonly StoredEvent[], through: Position): Promise<void> {
    for (const { events: chunk, through: upTo } of chunksOf(events, through, this.#tuning.maxBytes)) {
      const batches = this.#lanes.ofEvents(chunk, upTo);
      this.#through = upTo;
      const due = performance.now() - this.#lastWatermark >= this.#tuning.watermarkEveryMs;
      if (due) this.#addWatermarks(batches, upTo);
      // Records of access alone move only the position: that can wait for the next watermark.
      if (batches.size > 0) await this.#transact(batches, upTo);
    }
  }

  async settle(): Promise<void> {
    const batches = new Map<string, Message[]>();
    this.#addWatermarks(batches, this.#through);
    if (batches.size > 0) await this.#transact(batches, this.#through);
  }

  async close(): Promise<void> {
    await this.#producer.disconnect().catch(() => undefined);
  }

  #addWatermarks(batches: Map<string, Message[]>, through: Position): void {
    for (const lane of this.#lanes.behind(through)) {
      if (!batches.has(lane)) batches.set(lane, [this.#lanes.watermark(lane, through)]);
    }
    this.#lastWatermark = performance.now();
  }

  async #transact(batches: Map<string, Message[]>, through: Position): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const lanes = [...batches.keys()];
    const progress = laneName({ topic: this.#names.relayProgress, partition: 0 });
    batches.set(progress, [{ ...encodeProgress(through), partition: 0 }]);
    try {
      const transaction = await this.#producer.transaction();
      const results = await transaction.sendBatch({ topicMessages: topicMessages(batches) });
      if (!acknowledgedOnce(results, batches.keys())) throw new UnacknowledgedLane();
      await transaction.commit();
    } catch (error) {
      throw this.#giveUp(error);
    }
    this.#lanes.told(lanes, through);
  }

  /** Not awaited: a broker that does not answer would hold up the next turn. Its transaction ends with that turn. */
  #giveUp(error: unknown): Fault {
    const types = errorsOf(error).flatMap(({ type }) => type ?? []);
    this.#fenced = types.some((type) => FENCED.has(type));
    this.#broken = types.some((type) => type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE')
      ? new Fault('bus-unavailable', 'An event is larger than its topic takes.', { cause: error })
      : kafkaFault(error);
    void this.close();
    return this.#broken;
  }
}

class UnacknowledgedLane extends Error {
  override readonly name = 'UnacknowledgedLane';

  constructor() {
    super('Not every lane was acknowledged exactly once.');
  }
}

interface Chunk {
  readonly events: readonly StoredEvent[];
  readonly through: Position;
}

/** Cuts a batch where it becomes too large; a single event is never too large here. */
export function* chunksOf(events: readonly StoredEvent[], through: Position, maxBytes: number): Generator<Chunk> {
  let start = 0;
  let bytes = 0;
  for (const [index, event] of events.entries()) {
    const size = sizeOf(event);
    if (index > start && bytes + size > maxBytes) {
      yield { events: events.slice(start, index), through: events[index - 1]!.position };
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  yield { events: events.slice(start), through };
}
