import type { FaultCode } from '@anamnesis/kernel';
import type { LogSourceAddress } from './log-source.ts';

/** What the sequencer's thread is started with. */
export interface AuditThreadData {
  /** The data folder; the thread's own files lie in `audit/`. */
  readonly folder: string;
  readonly source: LogSourceAddress;
  /** Two 64-bit numbers: the position in the tree, and that up to which access records are indexed by patient. */
  readonly progress: SharedArrayBuffer;
  readonly checkpointEveryEvents: number;
  readonly checkpointEveryMs: number;
  /** Between two transactions, so that a busy log is taken in larger ones. */
  readonly pauseMs: number;
  /** Sequence a log anew that is not the one the tree knows: an officer's decision. */
  readonly acceptOtherLog: boolean;
}

export const THROUGH = 0;
export const OPENED = 1;

export type ToAuditThread =
  /** Somebody waits for the newest events. */
  | { readonly kind: 'hurry' }
  /** Answered by `checkpoint` with the same number. */
  | { readonly kind: 'checkpoint'; readonly request: number }
  | { readonly kind: 'stop' };

export type FromAuditThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checkpoint'; readonly request: number; readonly note: string }
  | { readonly kind: 'failed'; readonly code: FaultCode; readonly message: string; readonly retryable: boolean };
