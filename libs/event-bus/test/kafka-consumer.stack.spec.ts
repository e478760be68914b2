import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as rest } from 'node:timers/promises';
import type { StoredEvent } from '@anamnesis/event-store';
import { samples, streamOf, until } from '@anamnesis/event-store/contract';
import type { ConsumeFailure, Delivery, RelayTurn } from '@anamnesis/event-bus';
import { encodeEvent, keyOf } from '../src/kafka/event-message.ts';
import { openKafka, QUICK, type OpenedKafka } from './open-kafka.ts';

describe('consumers of the Kafka bus', () => {
  let kafka: OpenedKafka;
  let turn: RelayTurn | undefined;
  let head = 0;
  beforeEach(async () => {
    head = 0;
    kafka = await openKafka();
    turn = await kafka.relayBus().takeTurn(new AbortController().signal);
  });
  afterEach(async () => {
    await turn?.end();
    turn = undefined;
    await kafka.cleanup();
  });

  /** Each event a stream of its own, on any lane. */
  async function publish(count: number, kind = 'patient'): Promise<StoredEvent[]> {
    const events = samples(count).map((event) => {
      head += 1;
      return { ...event, stream: streamOf(kind), revision: 0, position: head, recordedAt: 1_700_000_000_000 };
    });
    await turn!.publish(events, head);
    await turn!.settle();
    return events;
  }

  it('share the lanes of a group, hand them over and lose nothing, while members come and go', async () => {
    const seen = new Map<string, number>();
    const busy = new Set<string>();
    let overlaps = 0;
    const handler = async ({ lane, events }: Delivery): Promise<void> => {
      if (busy.has(lane)) overlaps += 1;
      busy.add(lane);
      await rest(2);
      for (const { id } of events) seen.set(id, (seen.get(id) ?? 0) + 1);
      busy.delete(lane);
    };
    const [first, second] = [kafka.bus(), kafka.bus()];
    await first.consume({ group: 'g', batchSize: 10 }, handler);
    const published = await publish(100);
    const joined = await second.consume({ group: 'g', batchSize: 10 }, handler);
    for (let i = 0; i < 10; i++) published.push(...(await publish(50)));
    await joined.stop();
    for (let i = 0; i < 5; i++) published.push(...(await publish(50)));
    await until(async () => seen.size === published.length);
    await until(async () => (await first.progress('g')) >= head);
    expect(published.filter(({ id }) => !seen.has(id))).toEqual([]);
    expect(overlaps).toBe(0);
  });

  it('bear events that come twice and late, and say nothing wrong of their lane', async () => {
    const [one, two] = await publish(2);
    const producer = kafka.kafka.producer();
    await producer.connect();
    const again = [two!, one!].map((event) => ({ ...encodeEvent(event, keyOf(event)), partition: 0 }));
    await producer.send({ topic: `${kafka.prefix}.patients`, messages: again });
    await producer.disconnect();
    await publish(1);
    const deliveries: Delivery[] = [];
    const bus = kafka.bus();
    await bus.consume({ group: 'g', batchSize: 1 }, async (delivery) => void deliveries.push(delivery));
    await until(async () => (await bus.progress('g')) >= head);
    expect(deliveries.flatMap(({ events }) => events)).toHaveLength(5);
    for (const lane of Map.groupBy(deliveries, (delivery) => delivery.lane).values()) {
      const throughs = lane.map(({ through }) => through);
      expect(throughs).toEqual(throughs.toSorted((a, b) => a - b));
    }
  });

  it('that are slow or stall hold up nobody else, and keep their place', async () => {
    const bus = kafka.bus();
    const stall = Promise.withResolvers<void>();
    const slow: string[] = [];
    let quick = 0;
    const failures: ConsumeFailure[] = [];
    const stalling = kafka.bus({ onFailure: (failure) => failures.push(failure) });
    await stalling.consume({ group: 'slow', batchSize: 5 }, async ({ events }) => {
      if (events.length > 0) await stall.promise;
      slow.push(...events.map(({ id }) => id));
    });
    await bus.consume({ group: 'quick' }, async ({ events }) => void (quick += events.length));
    await publish(40);
    await until(() => quick === 40);
    // Longer than a session of its group lasts without a heartbeat.
    await rest(QUICK.tuning.sessionTimeoutMs + 1_500);
    expect(slow).toEqual([]);
    stall.resolve();
    await until(async () => (await bus.progress('slow')) >= head);
    expect(new Set(slow).size).toBe(40);
    expect(slow).toHaveLength(40);
    expect(failures).toEqual([]);
  });

  it('are told when the bus no longer holds what they have not seen', async () => {
    const bus = kafka.bus();
    const first = await bus.consume({ group: 'g' }, async () => undefined);
    await publish(3);
    await until(async () => (await bus.progress('g')) >= head);
    await first.stop();
    await publish(20);
    for (const context of ['patients', 'encounters', 'orders', 'billing', 'directory', 'audit']) {
      const topic = `${kafka.prefix}.${context}`;
      const ends = await kafka.admin.fetchTopicOffsets(topic);
      await kafka.admin.deleteTopicRecords({
        topic,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      });
    }
    await publish(5);
    const late = await bus.consume({ group: 'g' }, async () => undefined);
    await expect(late.ended).rejects.toMatchObject({ code: 'bus-unavailable', retryable: false });
    // A read model that was built anew from the store stands where the bus still reaches.
    const rebuilt: string[] = [];
    const resumed = await bus.consume({ group: 'g', resumeAt: head }, async ({ events }) => {
      rebuilt.push(...events.map(({ id }) => id));
    });
    await publish(5);
    await until(() => rebuilt.length === 5);
    await resumed.stop();
    await expect(resumed.ended).resolves.toBeUndefined();
  });

  it('pass over a message that is none of ours, and tell of it', async () => {
    const failures: ConsumeFailure[] = [];
    const bus = kafka.bus({ onFailure: (failure) => failures.push(failure) });
    const producer = kafka.kafka.producer();
    await producer.connect();
    await producer.send({ topic: `${kafka.prefix}.orders`, messages: [{ key: 'k', value: 'hello', partition: 1 }] });
    await producer.disconnect();
    let count = 0;
    await bus.consume({ group: 'g' }, async ({ events }) => void (count += events.length));
    await publish(4, 'medication-request');
    await until(async () => (await bus.progress('g')) >= head);
    expect(count).toBe(4);
    expect(failures.map(({ lane }) => lane)).toEqual([`${kafka.prefix}.orders/1`]);
  });

  it('listen only to the topics that their prefixes can be in', async () => {
    const bus = kafka.bus();
    const lanes = new Set<string>();
    await bus.consume({ group: 'g', prefixes: ['claim-'] }, async ({ lane }) => void lanes.add(lane));
    await publish(4, 'claim');
    await until(async () => (await bus.progress('g')) >= head);
    expect([...lanes].toSorted()).toEqual([`${kafka.prefix}.billing/0`, `${kafka.prefix}.billing/1`]);
  });
});
