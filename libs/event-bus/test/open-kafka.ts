import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import type { EventReader } from '@anamnesis/event-store';
import type { RelayTurn } from '@anamnesis/event-bus';
import {
  createTopics,
  KafkaEventBus,
  KafkaRelayBus,
  plannedTopics,
  type KafkaConnection,
  type KafkaEventBusOptions,
  type KafkaRelayBusOptions,
  type TopicSettings,
} from '@anamnesis/event-bus/kafka';

/** Where the tests' Kafka is. */
export function testKafka(): KafkaConnection {
  const brokers = process.env['ANAMNESIS_TEST_KAFKA'];
  if (brokers === undefined) {
    throw new Error('ANAMNESIS_TEST_KAFKA says where a Kafka is (host:port,...); `npm run test:stack` sets it.');
  }
  return { brokers: brokers.split(',') };
}

/** Consumers that tests can wait for. */
export const QUICK = {
  backoff: { firstMs: 20, longestMs: 200 },
  tuning: { sessionTimeoutMs: 6_000, heartbeatMs: 200, waitMs: 50, commitEveryMs: 10 },
} as const;

export interface OpenedKafka {
  readonly prefix: string;
  readonly connection: KafkaConnection;
  readonly admin: ReturnType<Kafka['admin']>;
  readonly kafka: Kafka;
  bus(options?: Partial<KafkaEventBusOptions>): KafkaEventBus;
  relayBus(options?: Partial<KafkaRelayBusOptions>): KafkaRelayBus;
  cleanup(): Promise<void>;
}

/** Topics of their own on the tests' Kafka; what is opened here is closed by `cleanup`. */
export async function openKafka(settings: TopicSettings = {}, connection = testKafka()): Promise<OpenedKafka> {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  await createTopics(connection, { partitions: 2, prefix, ...settings });
  const kafka = new Kafka({ brokers: [...connection.brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  return {
    prefix,
    connection,
    admin,
    kafka,
    bus: (options) => keep(KafkaEventBus.open({ connection, prefix, ...QUICK, ...options })),
    relayBus: (options) =>
      keep(
        KafkaRelayBus.open({
          connection,
          prefix,
          election: { sessionTimeoutMs: 6_000, heartbeatMs: 100 },
          afterFencing: { firstMs: 50, longestMs: 500 },
          ...options,
        }),
      ),
    async cleanup() {
      for (const part of opened.toReversed()) await part.close();
      const there = new Set(await admin.listTopics());
      const topics = plannedTopics({ prefix }).map(({ topic }) => topic);
      await admin.deleteTopics({ topics: topics.filter((topic) => there.has(topic)) });
      await admin.disconnect();
    },
  };
}

/** A store of its own, in a folder of its own. */
export async function openStore(): Promise<{ store: EmbeddedEventStore; cleanup: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bus-'));
  const store = await EmbeddedEventStore.open({ folder });
  const cleanup = async (): Promise<void> => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { store, cleanup };
}

/** The least that a relay does: from the log to the bus, as long as nothing fails. */
export async function pump(bus: KafkaRelayBus, reader: EventReader): Promise<{ stop: () => Promise<void> }> {
  const turn = await bus.takeTurn(new AbortController().signal);
  const subscription = reader.subscribe({ from: turn.progress, checkpoints: true }, (events, through) =>
    publishAndSettle(turn, events, through),
  );
  return {
    async stop() {
      await subscription.stop();
      await turn.end();
    },
  };
}

async function publishAndSettle(turn: RelayTurn, ...batch: Parameters<RelayTurn['publish']>): Promise<void> {
  await turn.publish(...batch);
  if (turn.owing) await turn.settle();
}
