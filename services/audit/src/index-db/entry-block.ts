import type { Instant, Position } from '@anamnesis/kernel';

/**
 * What is kept of every event for searching the audit trail: 32 bytes, 256 events a block, in the order of the log.
 * Appending costs a copy, and a scan of a million events reads 32 MB: no index on actor, type or time is needed.
 *
 *     offset  0  position, float64        offset 20  event type, uint16
 *     offset  8  log time in ms, float64  offset 22  role, uint16
 *     offset 16  actor, uint32            offset 24  purpose, uint16
 *                                         offset 26  facility, uint16 (0: none)
 *
 * Little-endian. Names are interned; 0xffff stands for one too many and has to be looked up in the event itself.
 */
export const ENTRY_BYTES = 32;
export const BLOCK_ENTRIES = 256;
export const UNINTERNED = 0xffff;

export interface Entry {
  readonly position: Position;
  /** The running maximum of recordedAt up to this event. */
  readonly clock: Instant;
  readonly actor: number;
  readonly type: number;
  readonly role: number;
  readonly purpose: number;
  readonly facility: number;
}

export function writeEntry(block: Buffer, index: number, entry: Entry): void {
  const at = index * ENTRY_BYTES;
  block.writeDoubleLE(entry.position, at);
  block.writeDoubleLE(entry.clock, at + 8);
  block.writeUInt32LE(entry.actor, at + 16);
  block.writeUInt16LE(entry.type, at + 20);
  block.writeUInt16LE(entry.role, at + 22);
  block.writeUInt16LE(entry.purpose, at + 24);
  block.writeUInt16LE(entry.facility, at + 26);
}

export function readEntry(block: Buffer, index: number): Entry {
  const at = index * ENTRY_BYTES;
  return {
    position: block.readDoubleLE(at),
    clock: block.readDoubleLE(at + 8),
    actor: block.readUInt32LE(at + 16),
    type: block.readUInt16LE(at + 20),
    role: block.readUInt16LE(at + 22),
    purpose: block.readUInt16LE(at + 24),
    facility: block.readUInt16LE(at + 26),
  };
}
