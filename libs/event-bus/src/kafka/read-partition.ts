import { randomUUID } from 'node:crypto';
import type { Consumer, KafkaMessage } from 'kafkajs';
import { newClient, type KafkaConnection } from './kafka-client.ts';
import type { BusNames, Lane } from './bus-names.ts';

export interface PartitionRange extends Lane {
  /** Inclusive. */
  readonly from: bigint;
  /** Exclusive: an offset that the partition has reached, its high watermark for all of it. */
  readonly to: bigint;
}

/**
 * Every committed message of the range, handed to `take` in order. Reading needs a group in kafkajs, so it takes one
 * of its own that nobody else is in and that commits nothing; the broker forgets it.
 *
 * The last thing before a transactional partition's end is a control marker, which no handler is ever given: so the
 * end of the range is told by what the client says of the batches it has gone through, not by messages.
 */
export async function readPartition(
  connection: KafkaConnection,
  names: BusNames,
  { topic, partition, from, to }: PartitionRange,
  take: (message: KafkaMessage) => void,
): Promise<void> {
  if (from >= to) return;
  const groupId = names.group(`reading.${randomUUID()}`);
  const consumer = newClient(connection).consumer({
    groupId,
    maxWaitTimeInMs: 100,
    sessionTimeout: 10_000,
    retry: { restartOnFailure: async () => false },
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await runTo(consumer, { topic, partition, from, to }, take);
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

async function runTo(
  consumer: Consumer,
  { topic, partition, from, to }: PartitionRange,
  take: (message: KafkaMessage) => void,
): Promise<void> {
  const { promise: reached, resolve, reject } = Promise.withResolvers<void>();
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  consumer.on(consumer.events.GROUP_JOIN, () => {
    consumer.seek({ topic, partition, offset: String(from) });
  });
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.partition === partition && BigInt(payload.lastOffset) >= to - 1n) resolve();
  });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      if (batch.partition !== partition) return;
      for (const message of batch.messages) {
        const offset = BigInt(message.offset);
        if (offset >= from && offset < to) take(message);
      }
    },
  });
  await reached;
}
