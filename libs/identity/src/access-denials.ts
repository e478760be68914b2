import type { Caller } from './caller.ts';
import type { DenialReason } from './can.ts';
import type { Action } from './permissions.ts';

export interface Denial {
  readonly caller: Caller;
  readonly action: Action;
  readonly reason: DenialReason;
  readonly correlation: string;
  /** The route's pattern. */
  readonly route: string;
  /** The address the request came from. */
  readonly from: string;
}

/** Told of each denial before it is answered; the 403 waits for the record to be durable. */
export interface AccessDenials {
  denied(denial: Denial): Promise<void>;
}
