import type { EventReader } from '@anamnesis/event-store';
import type { FaultCode, Position } from '@anamnesis/kernel';
import type { ReadModelReader } from '@anamnesis/read-store';
import { POISON_EVENT, poisonOf, type PoisonEvent } from './domain/poison-event.ts';
import type { RebuildProgress } from './thread-messages.ts';

export type ProjectionState = 'starting' | 'following' | 'waiting' | 'failed' | 'stopped';

/** Whether a model is being kept up, and why not. */
export interface Following {
  readonly state: ProjectionState;
  readonly reason?: FaultCode | 'thread-failed';
}

export interface ProjectionStatus extends Following {
  readonly model: string;
  readonly position: Position;
  readonly head: Position;
  /** Positions that are still to come. */
  readonly lag: number;
  /** Events that were skipped: how many, and the first hundred by position. */
  readonly poisonCount: number;
  readonly poison: readonly PoisonEvent[];
  /** Where a rebuild is, while one runs. */
  readonly rebuilding?: RebuildProgress;
}

/** What operators see and do, whichever way events come. */
export interface ProjectionControl {
  status(): Promise<ProjectionStatus>;
  /**
   * Builds the model anew from the log while the old one serves, then swaps it in. Throws `Fault`: `store-in-use`
   * while another rebuild runs, `stopping`, and what the build failed with; the old model then serves on.
   */
  rebuild(onProgress?: (progress: RebuildProgress) => void): Promise<void>;
}

const POISON_SHOWN = 100;

export async function statusOf(
  model: string,
  following: Following,
  log: Pick<EventReader, 'head'>,
  records: ReadModelReader,
  rebuilding: () => RebuildProgress | undefined,
): Promise<ProjectionStatus> {
  const [head, position, page] = await Promise.all([
    log.head(),
    records.progress(),
    records.query({ type: POISON_EVENT, limit: POISON_SHOWN, total: true }),
  ]);
  const progress = rebuilding();
  const poison = page.documents.map(poisonOf).sort((a, b) => a.position - b.position);
  return {
    model,
    ...following,
    position,
    head,
    lag: Math.max(0, head - position),
    poisonCount: page.total ?? poison.length,
    poison,
    ...(progress && { rebuilding: progress }),
  };
}
