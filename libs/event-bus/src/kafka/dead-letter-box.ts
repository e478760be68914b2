import { randomUUID } from 'node:crypto';
import { Partitioners, type KafkaMessage, type Producer } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import { reasonOf } from '../deliver.ts';
import type { DeadLetter, ListDeadLetters } from '../port.ts';
import { laneOf, type BusNames } from './bus-names.ts';
import type { BusAdmin } from './bus-admin.ts';
import { AGAIN_FOR, decodeMessage, encodeEvent, keyOf, numberOf, textOf } from './event-message.ts';
import { asFault, newClient, type KafkaConnection } from './kafka-client.ts';
import { readPartition } from './read-partition.ts';

const LIMIT = 10_000;
const RETRY = { initialRetryTime: 10, multiplier: 1.5, maxRetryTime: 500, retries: 20 };

/**
 * The dead letters topic: compacted, a letter's id is its key, so that the same letter lies there once, and none once
 * it has been taken out. A letter goes back to its own lane, marked for its group: there it waits its turn.
 */
export class DeadLetterBox {
  readonly #connection: KafkaConnection;
  readonly #names: BusNames;
  readonly #admin: BusAdmin;
  #producer: Promise<Producer> | undefined;

  constructor(connection: KafkaConnection, names: BusNames, admin: BusAdmin) {
    this.#connection = connection;
    this.#names = names;
    this.#admin = admin;
  }

  async put(group: string, lane: string, event: StoredEvent, error: unknown): Promise<DeadLetter> {
    const id = letterId(group, lane, event);
    const letter = { id, group, lane, event, reason: reasonOf(error), at: Date.now() };
    const message = encodeEvent(event, keyOf(event));
    const why = { 'letter-group': group, 'letter-lane': lane, 'letter-reason': letter.reason };
    const headers = { ...message.headers, ...why, 'letter-at': String(letter.at) };
    await this.#send(this.#names.deadLetters, [{ ...message, key: id, headers }]);
    return letter;
  }

  async list({ group, limit = 100 }: ListDeadLetters = {}): Promise<DeadLetter[]> {
    if (!(Number.isSafeInteger(limit) && limit >= 1 && limit <= LIMIT)) {
      throw new RangeError(`A list has a limit from 1 to ${LIMIT}.`);
    }
    const letters = new Map<string, DeadLetter>();
    const topic = this.#names.deadLetters;
    const [{ low, high } = { low: 0n, high: 0n }] = await this.#admin.offsetsOf(topic);
    const take = (message: KafkaMessage): void => {
      const id = message.key?.toString() ?? '';
      // The last word on a letter counts, also before compaction.
      const letter = letterOf(id, message);
      letters.delete(id);
      if (letter !== undefined && (group === undefined || letter.group === group)) letters.set(id, letter);
    };
    await asFault(readPartition(this.#connection, this.#names, { topic, partition: 0, from: low, to: high }, take));
    return [...letters.values()].slice(0, limit);
  }

  /**
   * Back to the lane and off the list in one transaction: a letter that is rejected again at once is put on the list
   * after it was taken off, not before, and a crash leaves it in one of the two places.
   */
  async replay(which: readonly string[] | 'all'): Promise<number> {
    const there = await this.list({ limit: LIMIT });
    const chosen = which === 'all' ? there : there.filter(({ id }) => which.includes(id));
    if (chosen.length > 0) await asFault(this.#replay(chosen));
    return chosen.length;
  }

  async #replay(chosen: readonly DeadLetter[]): Promise<void> {
    const producer = newClient(this.#connection, RETRY).producer({
      transactionalId: this.#names.topic(`letters.${randomUUID()}`),
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    try {
      await producer.connect();
      for (const { id, group, lane, event } of chosen) {
        const { topic, partition } = laneOf(lane);
        const message = encodeEvent(event, keyOf(event));
        const transaction = await producer.transaction();
        // One send for each partition: several at once may be acknowledged and lost when a leader changes.
        const again = { ...message, partition, headers: { ...message.headers, [AGAIN_FOR]: group } };
        await transaction.send({ topic, messages: [again] });
        await transaction.send({ topic: this.#names.deadLetters, messages: [{ key: id, value: null }] });
        await transaction.commit();
      }
    } finally {
      await producer.disconnect().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.disconnect();
  }

  async #send(topic: string, messages: Parameters<Producer['send']>[0]['messages']): Promise<void> {
    const producer = (this.#producer ??= this.#connect());
    try {
      await asFault((async () => void (await (await producer).send({ topic, acks: -1, messages })))());
    } catch (error) {
      // A producer that has failed once is not to be trusted with a second try.
      this.#producer = undefined;
      await producer.then((failed) => failed.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  async #connect(): Promise<Producer> {
    const producer = newClient(this.#connection, { initialRetryTime: 50, retries: 8 }).producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }
}

/** The same event of the same lane and group is the same letter, however often it is put there. */
function letterId(group: string, lane: string, { position }: StoredEvent): string {
  return `${group}@${lane}@${position}`;
}

function letterOf(id: string, message: KafkaMessage): DeadLetter | undefined {
  const decoded = decodeMessage(message);
  const { headers = {} } = message;
  const [group, lane] = [textOf(headers, 'letter-group'), textOf(headers, 'letter-lane')];
  if (decoded.kind !== 'event' || group === undefined || lane === undefined) return undefined;
  const reason = textOf(headers, 'letter-reason') ?? '';
  return { id, group, lane, event: decoded.event, reason, at: numberOf(headers, 'letter-at') ?? 0 };
}
