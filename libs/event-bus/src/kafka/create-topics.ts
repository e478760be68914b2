import { setTimeout as rest } from 'node:timers/promises';
import { type ConfigResourceTypes, type Admin, type ITopicConfig } from 'kafkajs';
import { Fault } from '@anamnesis/kernel';
import { BUS_CONTEXTS, BusNames } from './bus-names.ts';
import { asFault, newClient, type KafkaConnection } from './kafka-client.ts';

/** Of the protocol. Node finds no export of this name in kafkajs, which is CommonJS. */
const TOPIC_RESOURCE: ConfigResourceTypes.TOPIC = 2;

export interface TopicSettings {
  readonly prefix?: string;
  /** Of each context's topic; default 4. More of them later is `grow`, fewer is never. */
  readonly partitions?: number;
  /** Default: the brokers' own. */
  readonly replicationFactor?: number;
  /** How long events stay on the bus, in milliseconds; default 7 days. The store keeps them for ever. */
  readonly retentionMs?: number;
  /** The largest batch that a topic takes, in bytes; default 16 MiB. One event has to fit in. */
  readonly maxMessageBytes?: number;
  /** Further settings of the events' topics, by Kafka's names, such as `min.insync.replicas`. */
  readonly config?: Readonly<Record<string, string>>;
  /**
   * Adds the partitions that are missing. Patients change their lane by it: only while nothing is written and every
   * group has come to the head, or a patient's events could come out of order.
   */
  readonly grow?: boolean;
}

export interface TopicReport {
  readonly created: readonly string[];
  readonly grown: readonly string[];
  /** What stands otherwise than asked for and was left so: `anamnesis.orders: retention.ms is 1000, not 604800000`. */
  readonly differences: readonly string[];
}

/** The topics cannot be brought to what was asked for without loss of order. */
export class TopicsDiffer extends Error {
  override readonly name = 'TopicsDiffer';
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(`The topics stand otherwise, and that cannot be changed here. ${differences.join('; ')}.`);
    this.differences = differences;
  }
}

const LEADERS_LIMIT_MS = 30_000;
const DAY_MS = 86_400_000;
const LETTER_ROOM_BYTES = 64 * 1024;

/** Every topic of the bus with what it should be. */
export function plannedTopics(settings: TopicSettings): readonly ITopicConfig[] {
  const { partitions = 4, retentionMs = 7 * DAY_MS, maxMessageBytes = 16 * 1024 * 1024 } = settings;
  const names = new BusNames(settings.prefix);
  const topic = (name: string, numPartitions: number, config: Readonly<Record<string, string>>): ITopicConfig => ({
    topic: name,
    numPartitions,
    replicationFactor: settings.replicationFactor ?? -1,
    configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
  });
  const events = {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    'max.message.bytes': String(maxMessageBytes),
    ...settings.config,
  };
  // A letter is an event and why it lies there; the last word on each is kept for as long as it is one.
  const letters = { 'cleanup.policy': 'compact', 'max.message.bytes': String(maxMessageBytes + LETTER_ROOM_BYTES) };
  return [
    ...BUS_CONTEXTS.map((context) => topic(names.topic(context), partitions, events)),
    topic(names.relayProgress, 1, { 'cleanup.policy': 'compact' }),
    topic(names.deadLetters, 1, letters),
  ];
}

/**
 * Creates what is missing; repeating it changes nothing. Throws `TopicsDiffer` where partitions differ in a way that
 * it may not or cannot change, before anything is changed; other differences are reported and left.
 */
export async function createTopics(connection: KafkaConnection, settings: TopicSettings = {}): Promise<TopicReport> {
  const admin = newClient(connection).admin();
  return asFault(
    (async () => {
      await admin.connect();
      try {
        return await create(admin, plannedTopics(settings), settings.grow === true);
      } finally {
        await admin.disconnect();
      }
    })(),
  );
}

async function create(admin: Admin, planned: readonly ITopicConfig[], mayGrow: boolean): Promise<TopicReport> {
  const existing = new Set(await admin.listTopics());
  const there = planned.filter(({ topic }) => existing.has(topic));
  const missing = planned.filter(({ topic }) => !existing.has(topic));
  const growing = await toGrow(admin, there, mayGrow);
  // kafkajs's own waiting for leaders gives up where a broker has not heard of the topic yet.
  if (missing.length > 0) await admin.createTopics({ topics: [...missing], waitForLeaders: false });
  if (growing.length > 0) {
    const topicPartitions = growing.map(({ topic, numPartitions }) => ({ topic, count: numPartitions! }));
    await admin.createPartitions({ topicPartitions });
  }
  await untilLed(admin, planned);
  const names = (topics: readonly ITopicConfig[]): string[] => topics.map(({ topic }) => topic);
  return { created: names(missing), grown: names(growing), differences: await differencesOf(admin, there) };
}

/** Until every partition has a leader: what is sent before that is refused. */
async function untilLed(admin: Admin, planned: readonly ITopicConfig[]): Promise<void> {
  const deadline = performance.now() + LEADERS_LIMIT_MS;
  while (!(await allLed(admin, planned).catch(() => false))) {
    if (performance.now() > deadline) {
      throw new Fault('bus-unavailable', 'The topics have no leaders yet.', { retryable: true });
    }
    await rest(100);
  }
}

async function allLed(admin: Admin, planned: readonly ITopicConfig[]): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata({ topics: planned.map(({ topic }) => topic) });
  return planned.every(({ topic, numPartitions }) => {
    const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
    return partitions.length === numPartitions && partitions.every(({ leader }) => leader >= 0);
  });
}

async function toGrow(admin: Admin, there: readonly ITopicConfig[], mayGrow: boolean): Promise<ITopicConfig[]> {
  if (there.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: there.map(({ topic }) => topic) });
  const counts = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  const differing = there.filter(({ topic, numPartitions }) => counts.get(topic) !== numPartitions);
  const refused = differing.filter(({ topic, numPartitions }) => !mayGrow || counts.get(topic)! > numPartitions!);
  if (refused.length > 0) {
    throw new TopicsDiffer(
      refused.map(({ topic, numPartitions }) => `${topic} has ${counts.get(topic)} partitions, not ${numPartitions}`),
    );
  }
  return differing;
}

async function differencesOf(admin: Admin, there: readonly ITopicConfig[]): Promise<string[]> {
  if (there.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: there.map(({ topic }) => ({ type: TOPIC_RESOURCE, name: topic })),
  });
  return resources.flatMap(({ resourceName, configEntries }) => {
    const planned = there.find(({ topic }) => topic === resourceName)?.configEntries ?? [];
    return planned.flatMap(({ name, value }) => {
      const found = configEntries.find(({ configName }) => configName === name)?.configValue;
      return found === value ? [] : [`${resourceName}: ${name} is ${found}, not ${value}`];
    });
  });
}
