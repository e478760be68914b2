import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@anamnesis/event-store/contract';
import { createTopics, KafkaEventBus, TopicsDiffer } from '@anamnesis/event-bus/kafka';
import { openKafka, testKafka, type OpenedKafka } from './open-kafka.ts';

describe("the bus's topics", () => {
  let kafka: OpenedKafka;
  beforeEach(async () => {
    kafka = await openKafka({ partitions: 2, retentionMs: 60_000 });
  });
  afterEach(() => kafka.cleanup());

  const again = (settings: object): ReturnType<typeof createTopics> =>
    createTopics(testKafka(), { prefix: kafka.prefix, partitions: 2, retentionMs: 60_000, ...settings });

  it('are created once, and what differs is said and left', async () => {
    expect(await again({})).toEqual({ created: [], grown: [], differences: [] });
    const { differences } = await again({ retentionMs: 1_000 });
    expect(differences).toContain(`${kafka.prefix}.orders: retention.ms is 60000, not 1000`);
    expect(differences).toHaveLength(6);
    expect((await again({})).differences).toEqual([]);
  });

  it('never lose partitions, and are given more only when that is asked for', async () => {
    await expect(again({ partitions: 1, grow: true })).rejects.toThrow(TopicsDiffer);
    await expect(again({ partitions: 3 })).rejects.toThrow('has 2 partitions, not 3');
    const { grown } = await again({ partitions: 3, grow: true });
    expect(grown).toHaveLength(6);
    expect((await again({ partitions: 3 })).grown).toEqual([]);
  });

  it('one that was deleted is created again', async () => {
    await kafka.admin.deleteTopics({ topics: [`${kafka.prefix}.billing`] });
    await until(async () => !(await kafka.admin.listTopics()).includes(`${kafka.prefix}.billing`));
    expect((await again({})).created).toEqual([`${kafka.prefix}.billing`]);
  });

  it('a bus whose topics nobody created says so', async () => {
    const bus = KafkaEventBus.open({ connection: testKafka(), prefix: `${kafka.prefix}-none` });
    const refused = expect.objectContaining({ code: 'bus-unavailable', retryable: false });
    await expect(bus.consume({ group: 'g' }, async () => undefined)).rejects.toEqual(refused);
    await bus.close();
  });

  it('a Kafka that is not there is a fault that may pass', async () => {
    const bus = KafkaEventBus.open({ connection: { brokers: ['127.0.0.1:1'] } });
    const unavailable = expect.objectContaining({ code: 'bus-unavailable', retryable: true });
    await expect(bus.progress('g')).rejects.toEqual(unavailable);
    await bus.close();
  });
});
