import { encodeStored, type EventReader, type StoredEvent } from '@anamnesis/event-store';
import type { Position } from '@anamnesis/kernel';

export interface RawEvent {
  readonly position: Position;
  /** The canonical bytes of the stored event: what a leaf of the tree is made from. */
  readonly bytes: Uint8Array;
}

/** The log as the tree sees it. */
export interface RawLog {
  /** The events after `from` (exclusive), at most `limit`, in order. */
  readRaw(from: Position, limit: number): Promise<readonly RawEvent[]>;
  /** The event at exactly this position, if there is one. */
  readRawAt(position: Position): Promise<RawEvent | undefined>;
}

/** A log that keeps the canonical bytes as they are, such as the embedded one. */
export const keptRawLog = (reader: { readRawSync(from: Position, limit: number): readonly RawEvent[] }): RawLog => ({
  readRaw: async (from, limit) => reader.readRawSync(from, limit),
  readRawAt: async (position) => reader.readRawSync(position - 1, 1).find((raw) => raw.position === position),
});

/** A log that keeps events in a form of its own: their canonical bytes are made from what it gives back. */
export const encodedRawLog = (
  reader: Pick<EventReader, 'readAll'> & {
    readPositions(positions: readonly Position[]): Promise<readonly StoredEvent[]>;
  },
): RawLog => {
  const raw = (event: StoredEvent): RawEvent => ({ position: event.position, bytes: encodeStored(event) });
  return {
    readRaw: async (from, limit) => (await reader.readAll({ from, limit })).map(raw),
    readRawAt: async (position) => (await reader.readPositions([position])).map(raw)[0],
  };
};
