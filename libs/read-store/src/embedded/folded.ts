import type { Operation } from '../port.ts';

export type Put = Extract<Operation, { put: unknown }>['put'];

/** What a batch makes of one document: where it stood, and what the newest applicable operation leaves. */
export interface Slot {
  readonly type: number;
  readonly id: string;
  readonly key: number;
  /** The number of its row, kept for life, also through a removal. */
  rid: number | undefined;
  /** Of the last operation that was applied; -1: none yet. */
  position: number;
  /** Of the first put, when this batch made the document known. */
  first: number | undefined;
  stored: boolean;
  tombstone: boolean;
  outcome: Put | 'removed' | undefined;
}

/** One applies only to a document whose last operation is older (redelivery, overlap and restart change nothing). */
export function fold(slot: Slot, operation: Exclude<Operation, { purge: unknown }>, purgedAt: number): void {
  if (operation.position <= slot.position) return;
  if ('put' in operation) {
    // What was put before its subject was erased, and comes late, stays erased.
    if (operation.position < purgedAt) return;
    slot.outcome = operation.put;
    slot.first ??= operation.position;
  } else {
    slot.outcome = 'removed';
  }
  slot.position = operation.position;
}
