import type { EachBatchPayload } from 'kafkajs';
import type { Position } from '@anamnesis/kernel';
import { laneName, type Lane } from './bus-names.ts';

/** What is kept with a lane's offset: how far the group has come in it, and which contexts it listens to. */
export interface LaneMark {
  readonly through: Position;
  readonly contexts: readonly string[];
}

export function encodeMark({ through, contexts }: LaneMark): string {
  return JSON.stringify({ through, contexts });
}

/** Undefined for what somebody else has committed, or nobody. */
export function decodeMark(metadata: string | null): LaneMark | undefined {
  try {
    const { through, contexts } = JSON.parse(metadata ?? '') as Partial<LaneMark>;
    return typeof through === 'number' && Array.isArray(contexts) ? { through, contexts } : undefined;
  } catch {
    return undefined;
  }
}

interface Pending extends Lane {
  readonly offset: string;
  readonly metadata: string;
}

export type CommitOffsets = EachBatchPayload['commitOffsetsIfNecessary'];

/**
 * Offsets that are to be committed, after the effect. Lanes in motion move many times a second, and one request can
 * carry all of them: so they wait a little for each other. A crash repeats what was not committed.
 */
export class LaneCommits {
  readonly #everyMs: number;
  readonly #failed: (error: unknown) => void;
  readonly #pending = new Map<string, Pending>();
  #commit: CommitOffsets | undefined;
  #timer: NodeJS.Timeout | undefined;
  #inTurn: Promise<void> = Promise.resolve();

  constructor(everyMs: number, failed: (error: unknown) => void) {
    this.#everyMs = everyMs;
    this.#failed = failed;
  }

  /** `commit` belongs to the client's present membership of the group; the last one given is used. */
  note(lane: Lane, nextOffset: string, mark: LaneMark, commit: CommitOffsets): void {
    this.#commit = commit;
    const { topic, partition } = lane;
    this.#pending.set(laneName(lane), { topic, partition, offset: nextOffset, metadata: encodeMark(mark) });
    this.#timer ??= setTimeout(() => void this.flush(), this.#everyMs);
  }

  /** Resolves when everything noted so far is committed, or could not be: then it comes again, some time. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#inTurn = this.#inTurn.then(() => this.#flush()));
  }

  /** What was noted is no longer this consumer's to commit. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending.clear();
    this.#commit = undefined;
  }

  async #flush(): Promise<void> {
    const commit = this.#commit;
    if (this.#pending.size === 0 || commit === undefined) return;
    const byTopic = Map.groupBy(this.#pending.values(), ({ topic }) => topic);
    this.#pending.clear();
    const topics = [...byTopic].map(([topic, lanes]) => ({
      topic,
      partitions: lanes.map(({ partition, offset, metadata }) => ({ partition, offset, metadata })),
    }));
    try {
      await commit({ topics });
    } catch (error) {
      this.#failed(error);
    }
  }
}
