import { Partitioners, type Message, type PartitionMetadata, type RecordMetadata } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import type { Position } from '@anamnesis/kernel';
import { contextOfStream, laneName, type BusNames } from '../bus-names.ts';
import { encodeEvent, encodeWatermark, keyOf } from '../event-message.ts';

/** Kafka's own way from a key to a partition, so that any other client finds the same. */
const partitioner = Partitioners.DefaultPartitioner();

/** The lanes of the bus, and what of a batch goes by which. */
export class LaneBatches {
  readonly #names: BusNames;
  readonly #lanes: readonly { readonly topic: string; readonly partition: number }[];
  readonly #metadata: ReadonlyMap<string, PartitionMetadata[]>;
  /** How far each lane was told to be complete. */
  readonly #told = new Map<string, Position>();

  constructor(names: BusNames, partitions: ReadonlyMap<string, number>) {
    this.#names = names;
    this.#lanes = [...partitions].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    );
    this.#metadata = new Map([...partitions].map(([topic, count]) => [topic, metadataOf(count)]));
  }

  /** By lane's name: its events in order. The last one says how far the lane is complete. */
  ofEvents(events: readonly StoredEvent[], through: Position): Map<string, Message[]> {
    const batches = new Map<string, (Message & { headers: NonNullable<Message['headers']> })[]>();
    for (const event of events) {
      const context = contextOfStream(event.stream);
      if (context === undefined) continue;
      const topic = this.#names.topic(context);
      const message = encodeEvent(event, keyOf(event));
      const partition = partitioner({ topic, partitionMetadata: this.#metadata.get(topic)!, message });
      const lane = laneName({ topic, partition });
      const batch = batches.get(lane);
      const placed = { ...message, partition };
      if (batch === undefined) batches.set(lane, [placed]);
      else batch.push(placed);
    }
    for (const batch of batches.values()) batch.at(-1)!.headers['through'] = String(through);
    return batches;
  }

  /** Lanes that do not know yet that they are complete up to here. */
  behind(through: Position): string[] {
    return this.#lanes.map(laneName).filter((lane) => (this.#told.get(lane) ?? -1) < through);
  }

  watermark(lane: string, through: Position): Message {
    return { ...encodeWatermark(through), partition: Number(lane.slice(lane.lastIndexOf('/') + 1)) };
  }

  told(lanes: Iterable<string>, through: Position): void {
    for (const lane of lanes) this.#told.set(lane, through);
  }
}

/** The partitioner asks for nothing but the partitions' numbers, where each has a leader. */
function metadataOf(count: number): PartitionMetadata[] {
  return Array.from({ length: count }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [],
    isr: [],
  }));
}

/** Messages by lane as the client wants them. */
export function topicMessages(batches: ReadonlyMap<string, Message[]>): { topic: string; messages: Message[] }[] {
  const topics = new Map<string, Message[]>();
  for (const [lane, messages] of batches) {
    const topic = lane.slice(0, lane.lastIndexOf('/'));
    topics.set(topic, [...(topics.get(topic) ?? []), ...messages]);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}

/**
 * Whether every lane was acknowledged exactly once. When a partition's leader changes during a send kafkajs may skip
 * the partition and still resolve, or send it twice and answer for it twice (`sendMessages.js`: answers are kept by
 * broker across retries).
 */
export function acknowledgedOnce(results: readonly RecordMetadata[], lanes: Iterable<string>): boolean {
  const acknowledged = results.map(({ topicName, partition }) => laneName({ topic: topicName, partition }));
  const wanted = [...lanes];
  return (
    results.every(({ errorCode }) => errorCode === 0) &&
    acknowledged.length === wanted.length &&
    new Set(acknowledged).size === wanted.length &&
    wanted.every((lane) => acknowledged.includes(lane))
  );
}
