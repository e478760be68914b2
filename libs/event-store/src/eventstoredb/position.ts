import { Fault, type Position } from '@anamnesis/kernel';

/**
 * A position is `commit * 4096 + index`: where the server's log has the record that made the event count, and the
 * event's place in it (0 for a plain append). So it says exactly where to take up reading. As a safe integer it
 * serves a log of 2 TiB.
 */
export const POSITIONS_PER_RECORD = 4_096;
const LAST_COMMIT = Math.floor(Number.MAX_SAFE_INTEGER / POSITIONS_PER_RECORD);

export function positionOf(commit: number, index: number): Position {
  if (commit > LAST_COMMIT) throw new Fault('store-full', 'The log is longer than positions can say (2 TiB).');
  return commit * POSITIONS_PER_RECORD + index;
}

export function commitOf(position: Position): number {
  return Math.floor(position / POSITIONS_PER_RECORD);
}

export function indexOf(position: Position): number {
  return position % POSITIONS_PER_RECORD;
}
