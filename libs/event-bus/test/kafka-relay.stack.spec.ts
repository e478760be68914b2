import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Partitioners, type Producer } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import { samples, streamOf, until } from '@anamnesis/event-store/contract';
import type { KafkaRelayBus } from '@anamnesis/event-bus/kafka';
import { openKafka, type OpenedKafka } from './open-kafka.ts';

const never = new AbortController().signal;

function eventsFrom(first: number, count: number, change: Partial<StoredEvent> = {}): StoredEvent[] {
  return samples(count).map((event, i) => {
    const position = first + i;
    return { ...event, stream: streamOf('patient'), revision: 0, position, recordedAt: 1_700_000_000_000, ...change };
  });
}

describe("the relay's side of the Kafka bus", () => {
  let kafka: OpenedKafka;
  beforeEach(async () => {
    kafka = await openKafka();
  });
  afterEach(() => kafka.cleanup());

  /** How often each event came, once every lane is complete up to here. */
  async function handed(through: number): Promise<Map<string, number>> {
    const seen = new Map<string, number>();
    const bus = kafka.bus();
    await bus.consume({ group: 'g' }, async ({ events }) => {
      for (const { id } of events) seen.set(id, (seen.get(id) ?? 0) + 1);
    });
    await until(async () => (await bus.progress('g')) >= through);
    await bus.close();
    return seen;
  }

  async function rival(): Promise<Producer> {
    const producer = kafka.kafka.producer({
      transactionalId: `${kafka.prefix}.relay`,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  it('keeps its progress together with what it has published', async () => {
    const relays = kafka.relayBus();
    const first = await relays.takeTurn(never);
    expect([first.progress, first.owing]).toEqual([0, true]);
    await first.publish(eventsFrom(1, 10), 10);
    await first.publish([], 40);
    await first.settle();
    expect(first.owing).toBe(false);
    await first.end();
    const second = await relays.takeTurn(never);
    expect(second.progress).toBe(40);
    expect((await handed(40)).size).toBe(10);
  });

  it('a producer that died in mid-transaction leaves nothing behind, and its events come once', async () => {
    const relays = kafka.relayBus();
    const before = await relays.takeTurn(never);
    await before.publish(eventsFrom(1, 3), 3);
    await before.end();
    const dead = await rival();
    const transaction = await dead.transaction();
    const value = JSON.stringify({ position: 99 });
    await transaction.sendBatch({
      topicMessages: [
        { topic: `${kafka.prefix}.patients`, messages: [{ key: 'k', value: 'half', headers: { id: 'half' } }] },
        { topic: `${kafka.prefix}.relay-progress`, messages: [{ key: 'position', value }] },
      ],
    });
    const after = await relays.takeTurn(never);
    expect(after.progress).toBe(3);
    await after.publish(eventsFrom(4, 2), 5);
    await after.settle();
    const seen = await handed(5);
    expect([...seen.values()]).toEqual([1, 1, 1, 1, 1]);
    await expect(transaction.commit()).rejects.toThrow();
    await dead.disconnect();
  });

  it('finds its progress behind many aborted transactions', async () => {
    const relays = kafka.relayBus();
    const before = await relays.takeTurn(never);
    await before.publish(eventsFrom(1, 3), 3);
    await before.end();
    const failing = await rival();
    for (let i = 0; i < 80; i++) {
      const transaction = await failing.transaction();
      const messages = [{ key: 'position', value: JSON.stringify({ position: 1_000 + i }) }];
      await transaction.send({ topic: `${kafka.prefix}.relay-progress`, messages });
      await transaction.abort();
    }
    await failing.disconnect();
    expect((await relays.takeTurn(never)).progress).toBe(3);
  });

  it('an older producer is fenced: it publishes nothing more, and its relay is told', async () => {
    const relays = kafka.relayBus();
    const old = await relays.takeTurn(never);
    await old.publish(eventsFrom(1, 1), 1);
    const other = await rival();
    await (await other.transaction()).abort();
    const unavailable = expect.objectContaining({ code: 'bus-unavailable' });
    await expect(old.publish(eventsFrom(2, 1), 2)).rejects.toEqual(unavailable);
    expect(old.over.aborted).toBe(true);
    await expect(old.publish(eventsFrom(2, 1), 2)).rejects.toEqual(unavailable);
    await other.disconnect();
    const next = await relays.takeTurn(never);
    expect(next.progress).toBe(1);
  });

  it('does not come back after that where it shall not stand by', async () => {
    const relays = kafka.relayBus({ standBy: false });
    const old = await relays.takeTurn(never);
    const other = await rival();
    await (await other.transaction()).abort();
    await expect(old.publish(eventsFrom(1, 1), 1)).rejects.toMatchObject({ code: 'bus-unavailable' });
    await expect(relays.takeTurn(never)).rejects.toMatchObject({ code: 'bus-unavailable', retryable: false });
    await other.disconnect();
  });

  it('a topic that takes no such large event stops the relay, which goes on when it does', async () => {
    const relays: KafkaRelayBus = kafka.relayBus();
    const topic = `${kafka.prefix}.patients`;
    const resource = { type: 2, name: topic };
    const limitTo = async (bytes: number): Promise<void> => {
      const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
      await kafka.admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
      // The answer comes before the broker goes by it.
      await until(async () => {
        const found = await kafka.admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
        const { configEntries: entries } = found.resources[0]!;
        return entries.some(
          ({ configName, configValue }) => configName === 'max.message.bytes' && +configValue === bytes,
        );
      });
    };
    await limitTo(10_000);
    const turn = await relays.takeTurn(never);
    const small = eventsFrom(1, 200);
    await turn.publish(small, 200);
    const large = eventsFrom(201, 1, { data: new Uint8Array(20_000) });
    await expect(turn.publish(large, 201)).rejects.toMatchObject({
      message: 'An event is larger than its topic takes.',
    });
    await turn.end();
    await limitTo(100_000);
    await until(async () => {
      const next = await relays.takeTurn(never);
      expect(next.progress).toBe(200);
      return next
        .publish(large, 201)
        .then(() => next.settle())
        .then(() => true)
        .catch(() => false);
    });
    expect((await handed(201)).size).toBe(201);
  });
});
