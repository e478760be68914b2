import type { Position } from '@anamnesis/kernel';
import type { EventReader, StoredEvent } from './port.ts';
import { encodeStored } from './stored-bytes.ts';

/** A log that keeps events in a form of its own: their canonical bytes are made from what it gives back. */
export function encodedRawLog(
  reader: Pick<EventReader, 'readAll'> & {
    readPositions(positions: readonly Position[]): Promise<readonly StoredEvent[]>;
  },
) {
  const raw = (event: StoredEvent) => ({ position: event.position, bytes: encodeStored(event) });
  return {
    readRaw: async (from: Position, limit: number) => (await reader.readAll({ from, limit })).map(raw),
    readRawAt: async (position: Position) => (await reader.readPositions([position])).map(raw)[0],
  };
}
