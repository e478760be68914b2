import type { Message } from 'kafkajs';
import type { Position } from '@anamnesis/kernel';
import type { BusAdmin } from '../bus-admin.ts';
import type { BusNames } from '../bus-names.ts';
import type { KafkaConnection } from '../kafka-client.ts';
import { readPartition } from '../read-partition.ts';

const KEY = 'position';

/** How far back the last record is looked for first: each transaction leaves a record and a control marker. */
const STEP = 64n;

/** What a transaction writes beside its events: they count together, or not at all. */
export function encodeProgress(position: Position): Message {
  return { key: KEY, value: JSON.stringify({ position }) };
}

/**
 * How far the relay's committed transactions have come; 0 when there was none. Read only after older transactions are
 * over: an open one hides what lies behind it. Aborted records and control markers may fill the end of the topic, so
 * it is looked at from further and further back until a record is found.
 */
export async function readProgress(connection: KafkaConnection, names: BusNames, admin: BusAdmin): Promise<Position> {
  const topic = names.relayProgress;
  const [{ low, high } = { low: 0n, high: 0n }] = await admin.offsetsOf(topic);
  for (let step = STEP; high > low; step *= 16n) {
    const from = high - step > low ? high - step : low;
    let position: Position | undefined;
    await readPartition(connection, names, { topic, partition: 0, from, to: high }, ({ key, value }) => {
      if (key?.toString() === KEY && value !== null) position = positionOf(value.toString()) ?? position;
    });
    if (position !== undefined) return position;
    if (from === low) break;
  }
  return 0;
}

function positionOf(text: string): Position | undefined {
  const { position } = JSON.parse(text) as { position?: unknown };
  return Number.isSafeInteger(position) ? (position as Position) : undefined;
}
