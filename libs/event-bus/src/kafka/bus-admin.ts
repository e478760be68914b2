import { setTimeout as rest } from 'node:timers/promises';
import { type ConfigResourceTypes, type Admin } from 'kafkajs';
import { Fault, type Position } from '@anamnesis/kernel';
import { laneName, type BusNames } from './bus-names.ts';
import { asFault, errorsOf, newClient, type KafkaConnection } from './kafka-client.ts';
import { decodeMark, type LaneMark } from './lane-commits.ts';

/** Of the protocol. Node finds no export of this name in kafkajs, which is CommonJS. */
const TOPIC_RESOURCE: ConfigResourceTypes.TOPIC = 2;

const BATCH_BYTES = 'max.message.bytes';

/** A partition that was just created, or changes its leader: so often it is asked again, so long apart. */
const LEADER_TRIES = 30;
const LEADER_PAUSE_MS = 100;
const LEADERLESS = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** What a group has committed of a lane. */
export interface Committed {
  /** The next offset that it wants; undefined: it has committed nothing. */
  readonly offset: bigint | undefined;
  readonly mark: LaneMark | undefined;
}

/** Questions about topics and groups, over one connection that is opened when it is needed. */
export class BusAdmin {
  readonly #connection: KafkaConnection;
  readonly #names: BusNames;
  #admin: Promise<Admin> | undefined;

  constructor(connection: KafkaConnection, names: BusNames) {
    this.#connection = connection;
    this.#names = names;
  }

  /** How many partitions each topic has. A topic that is not there is a fault: nobody created it. */
  async partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { topics: found } = await this.#ask((admin) => admin.fetchTopicMetadata({ topics: [...topics] }));
    return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
  }

  /** The first offset that a topic's partitions still have, and the one after the last. */
  async offsetsOf(topic: string): Promise<{ low: bigint; high: bigint }[]> {
    const found = await this.#ask((admin) => admin.fetchTopicOffsets(topic));
    return found
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) }));
  }

  /** The largest batch that every one of these topics takes, in bytes; undefined where we may not ask. */
  async smallestBatch(topics: readonly string[]): Promise<number | undefined> {
    try {
      const { resources } = await this.#ask((admin) =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: topics.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: [BATCH_BYTES] })),
        }),
      );
      const limits = resources.flatMap(({ configEntries }) => configEntries.map(({ configValue }) => +configValue));
      return limits.length === 0 ? undefined : Math.min(...limits);
    } catch (error) {
      if (error instanceof Fault && !error.retryable) return undefined;
      throw error;
    }
  }

  /** By lane's name. */
  async committed(group: string, contexts: readonly string[]): Promise<Map<string, Committed>> {
    const topics = contexts.map((context) => this.#names.topic(context));
    const groupId = this.#names.group(group);
    const found = await this.#ask((admin) => admin.fetchOffsets({ groupId, topics }));
    return new Map(
      found.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset, metadata }): [string, Committed] => [
          laneName({ topic, partition }),
          { offset: BigInt(offset) < 0n ? undefined : BigInt(offset), mark: decodeMark(metadata) },
        ]),
      ),
    );
  }

  /** The least of the lanes that a group listens to, as its own marks say. */
  async progress(group: string, contexts: readonly string[]): Promise<Position> {
    const committed = [...(await this.committed(group, contexts))];
    const marks = committed.flatMap(([, { mark }]) => mark ?? []);
    if (marks.length === 0) return 0;
    const furthest = marks.reduce((a, b) => (b.through > a.through ? b : a));
    const topics = new Set(furthest.contexts.map((context) => this.#names.topic(context)));
    const own = committed.filter(([lane]) => topics.has(lane.slice(0, lane.lastIndexOf('/'))));
    return Math.min(...own.map(([, { mark }]) => mark?.through ?? 0));
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined);
    await admin?.disconnect();
  }

  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#askOnce(question);
      } catch (error) {
        const leaderless = errorsOf(error).some(({ type }) => type !== undefined && LEADERLESS.has(type));
        if (!leaderless || tries === LEADER_TRIES) throw error;
        await rest(LEADER_PAUSE_MS);
      }
    }
  }

  async #askOnce<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const connecting = (this.#admin ??= this.#connect());
    try {
      return await asFault(connecting.then(question));
    } catch (error) {
      this.#admin = undefined;
      await connecting.then((admin) => admin.disconnect()).catch(() => undefined);
      if (errorsOf(error).some(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION')) {
        throw new Fault('bus-unavailable', "The bus's topics are not there; create them first.", { cause: error });
      }
      throw error;
    }
  }

  async #connect(): Promise<Admin> {
    const admin = newClient(this.#connection, { initialRetryTime: 50, retries: 5 }).admin();
    await admin.connect();
    return admin;
  }
}
