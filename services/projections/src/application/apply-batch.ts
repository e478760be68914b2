import type { StoredEvent } from '@anamnesis/event-store';
import { Fault, type Position } from '@anamnesis/kernel';
import type { Operation, ReadModelWriter } from '@anamnesis/read-store';
import { poisoned } from '../domain/poison-event.ts';

/**
 * Applies a batch. A store that fails throws its `Fault`; a document that the store cannot take throws something
 * else, and then costs only its own event: the batch is applied event by event, and that one becomes poison.
 */
export async function applyBatch(
  writer: ReadModelWriter,
  operations: readonly Operation[],
  stored: readonly Pick<StoredEvent, 'position' | 'type' | 'recordedAt'>[],
  through: Position,
): Promise<void> {
  try {
    await writer.apply(operations, through);
  } catch (error) {
    if (error instanceof Fault) throw error;
    await applyOneByOne(writer, operations, stored, through);
  }
}

async function applyOneByOne(
  writer: ReadModelWriter,
  operations: readonly Operation[],
  stored: readonly Pick<StoredEvent, 'position' | 'type' | 'recordedAt'>[],
  through: Position,
): Promise<void> {
  const byPosition = Map.groupBy(operations, ({ position }) => position);
  for (const { position, type, recordedAt } of stored) {
    const own = byPosition.get(position) ?? [];
    try {
      await writer.apply(own, position);
    } catch (error) {
      if (error instanceof Fault) throw error;
      await writer.apply([poisoned({ position, type, code: 'document-refused' }, recordedAt)], position);
    }
  }
  await writer.apply([], through);
}
