import type { FaultCode, Position } from '@anamnesis/kernel';
import type { PackedOperations } from './rebuild/packed-operations.ts';

/** What the projection threads are started with. The shared memory lets them hear of commits, and be heard, at once. */
export interface ThreadData {
  /** The data folder. */
  readonly folder: string;
  readonly model: string;
  /** The event store's `headSignal`. */
  readonly head: SharedArrayBuffer;
  /** The read store's `board`. */
  readonly board: SharedArrayBuffer;
  readonly ownBases: readonly string[];
}

export type ToThread = { readonly stop: true };

export type FromProjectionThread =
  | { readonly following: true }
  /** Work is being repeated because of this fault; undefined: it went on. */
  | { readonly waiting: FaultCode | undefined };

/** A stretch of the log: positions after `from`, up to and including `to`. */
export interface Stretch {
  readonly from: Position;
  readonly to: Position;
}

export interface ProjectedStretch extends Stretch {
  readonly packed: PackedOperations;
  readonly events: number;
}

export type ToRebuildThread = ToThread | { readonly swap: true };

export type FromRebuildThread =
  | { readonly progress: RebuildProgress }
  /** The new generation has caught up; it waits for the old one's writer to stop, and for `swap`. */
  | { readonly built: true }
  | { readonly swapped: true }
  | { readonly failed: FaultCode | 'rebuild-failed' };

/** Positions of the log: how far the new generation is, and where the log ends. */
export interface RebuildProgress {
  readonly done: Position;
  readonly total: Position;
}
