import type { Position } from '@anamnesis/kernel';
import { LaneDelivery, type Taking } from '../deliver.ts';
import { laneName, type Lane } from './bus-names.ts';

/** One lane while this consumer has it. */
export class LaneState {
  readonly lane: Lane;
  readonly name: string;
  readonly delivery: LaneDelivery;
  /** The lane is complete up to here, as its handler was told. */
  through: Position = 0;
  /** Events up to here were handled before. */
  passOver: Position = 0;
  /** The offset that comes next, where nothing was lost. */
  next = 0n;
  /** Tries of the delivery in hand that failed. */
  attempts = 0;
  /** Waits until it may try again. */
  retry: NodeJS.Timeout | undefined;
  /** Deliveries of a lane come one after the other, also when the client hands it over again too early. */
  turn: Promise<unknown> = Promise.resolve();

  constructor(lane: Lane, taking: Omit<Taking, 'taken'>) {
    this.lane = lane;
    this.name = laneName(lane);
    this.delivery = new LaneDelivery({
      ...taking,
      taken: (through) => {
        this.through = Math.max(this.through, through);
        this.attempts = 0;
      },
    });
  }

  /** From where the lane is read on; `next` is the first offset that nobody has handled. */
  begin(through: Position, passOver: Position, next: bigint): void {
    this.through = through;
    this.passOver = passOver;
    this.next = next;
  }

  /** Another try failed. What was taken of a delivery that had to be split does not come again. */
  failed(): number {
    this.passOver = Math.max(this.passOver, this.through);
    this.attempts += 1;
    return this.attempts;
  }
}

/** Where a lane is taken up. */
export interface LaneStart {
  readonly through: Position;
  readonly passOver: Position;
  readonly next: bigint;
  /** Read again from the first offset there is. */
  readonly rewind: boolean;
}

/**
 * `committed` and `kept` are the group's offset and progress as the bus has them; `resumeAt` what the consumer itself
 * says. Behind the bus's own progress it is found by reading the lane from its beginning: a seldom thing, after a
 * read model was lost.
 */
export function startOf(
  committed: bigint | undefined,
  kept: Position | undefined,
  resumeAt: Position | undefined,
  from: Position | undefined,
): LaneStart {
  if (resumeAt !== undefined) {
    const rewind = committed !== undefined && (kept === undefined || resumeAt < kept);
    return { through: resumeAt, passOver: resumeAt, next: rewind ? 0n : (committed ?? 0n), rewind };
  }
  if (committed !== undefined) return { through: kept ?? 0, passOver: 0, next: committed, rewind: false };
  return { through: from ?? 0, passOver: from ?? 0, next: 0n, rewind: false };
}
