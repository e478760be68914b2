import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Consumer } from '@anamnesis/event-bus';
import {
  createTopics,
  KafkaEventBus,
  KafkaRelayBus,
  type KafkaConnection,
  type KafkaRelayBusOptions,
  type TopicSettings,
} from '@anamnesis/event-bus/kafka';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import type { StoredEvent } from '@anamnesis/event-store';
import { samples, streamOf } from '@anamnesis/event-store/contract';
import { Relay, type RelayOptions } from '@anamnesis/relay-service';

/** Where the tests' Kafka is. */
export function testKafka(): KafkaConnection {
  const brokers = process.env['ANAMNESIS_TEST_KAFKA'];
  if (brokers === undefined) {
    throw new Error('ANAMNESIS_TEST_KAFKA says where a Kafka is (host:port,...); `npm run test:stack` sets it.');
  }
  return { brokers: brokers.split(',') };
}

/** A log, relays of it, and a consumer that remembers what it was handed. */
export class KafkaRecord {
  readonly store: EmbeddedEventStore;
  readonly handed: StoredEvent[] = [];
  readonly failures: unknown[] = [];
  readonly #folder: string;
  readonly #connection: KafkaConnection;
  readonly #prefix: string;
  readonly #bus: KafkaEventBus;
  readonly #relays: { relay: Relay; bus: KafkaRelayBus }[] = [];

  private constructor(store: EmbeddedEventStore, folder: string, connection: KafkaConnection, prefix: string) {
    this.store = store;
    this.#folder = folder;
    this.#connection = connection;
    this.#prefix = prefix;
    this.#bus = KafkaEventBus.open({
      connection,
      prefix,
      backoff: { firstMs: 50, longestMs: 1_000 },
      tuning: { sessionTimeoutMs: 6_000, heartbeatMs: 300, waitMs: 50 },
    });
  }

  static async open(connection = testKafka(), settings: TopicSettings = {}): Promise<KafkaRecord> {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-relay-'));
    const prefix = `test-${randomUUID().slice(0, 8)}`;
    await createTopics(connection, { partitions: 2, prefix, ...settings });
    return new KafkaRecord(await EmbeddedEventStore.open({ folder }), folder, connection, prefix);
  }

  relay(options: Partial<KafkaRelayBusOptions> = {}, more: Partial<RelayOptions> = {}): Relay {
    const bus = KafkaRelayBus.open({
      connection: this.#connection,
      prefix: this.#prefix,
      election: { sessionTimeoutMs: 6_000, heartbeatMs: 200 },
      afterFencing: { firstMs: 100, longestMs: 1_000 },
      ...options,
    });
    const relay = Relay.start({
      reader: this.store,
      bus,
      backoff: { firstMs: 50, longestMs: 1_000 },
      onFailure: (error) => this.failures.push(error),
      ...more,
    });
    this.#relays.push({ relay, bus });
    return relay;
  }

  /** Stops a relay and leaves its group. */
  async stop(relay: Relay): Promise<void> {
    await relay.stop();
    await this.#relays.find((started) => started.relay === relay)?.bus.close();
  }

  consume(group = 'witness'): Promise<Consumer> {
    return this.#bus.consume({ group }, async ({ events }) => void this.handed.push(...events));
  }

  progress(group = 'witness'): Promise<number> {
    return this.#bus.progress(group);
  }

  /** So many events, in streams of five. */
  async append(count: number): Promise<void> {
    const kinds = ['patient', 'observation', 'medication-request', 'claim'];
    for (let i = 0; i < count; i += 5) {
      const events = samples(Math.min(5, count - i));
      await this.store.append({ stream: streamOf(kinds[(i / 5) % kinds.length]), expected: 'none', events });
    }
  }

  async log(): Promise<StoredEvent[]> {
    const all: StoredEvent[] = [];
    for (;;) {
      const page = await this.store.readAll({ from: all.at(-1)?.position ?? 0, limit: 10_000 });
      if (page.length === 0) return all;
      all.push(...page);
    }
  }

  /** What of the log was not handed over, and streams whose events came in another order than they were written. */
  async faults(): Promise<{ lost: number; outOfOrder: number; twice: number }> {
    const ids = new Set(this.handed.map(({ id }) => id));
    const streams = Map.groupBy(this.handed, ({ stream }) => stream);
    const outOfOrder = [...streams.values()].filter((events) => {
      const first = events.filter(({ id }, index) => events.findIndex((other) => other.id === id) === index);
      return first.some(({ revision }, index) => index > 0 && revision < first[index - 1]!.revision);
    });
    const lost = (await this.log()).filter(({ id }) => !ids.has(id));
    return { lost: lost.length, outOfOrder: outOfOrder.length, twice: this.handed.length - ids.size };
  }

  async close(): Promise<void> {
    for (const { relay, bus } of this.#relays) {
      await relay.stop();
      await bus.close();
    }
    await this.#bus.close();
    await this.store.close();
    await rm(this.#folder, { recursive: true });
  }
}

/** Looks again and again until it holds; rejects after `seconds`. */
export async function within(seconds: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('What was waited for did not happen.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
