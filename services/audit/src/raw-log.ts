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
