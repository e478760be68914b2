import type { Instant, Position } from '@anamnesis/kernel';
import type { EventReader } from './port.ts';

/** What the log has that somebody who follows it has not. */
export interface LogLag {
  /** Events of the log after that one's position, records of access included. */
  readonly events: number;
  /** There are more than `events` says: counting further would cost too much. */
  readonly more: boolean;
  /** For how long the oldest of them has been waiting. */
  readonly seconds: number;
}

const COUNTED = 1_000;

export async function lagAfter(reader: EventReader, position: Position, now: Instant): Promise<LogLag> {
  const waiting = await reader.readAll({ from: position, limit: COUNTED });
  const oldest = waiting[0]?.recordedAt ?? now;
  return {
    events: waiting.length,
    more: waiting.length === COUNTED,
    seconds: Math.max(0, Math.round((now - oldest) / 100) / 10),
  };
}
