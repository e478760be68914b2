import type { StoredEvent } from '@anamnesis/event-store';
import type { Position } from '@anamnesis/kernel';

/**
 * The bus as the relay sees it, which alone puts events there. Of several relays one has its turn at a time; the
 * others stand by.
 */
export interface RelayBus {
  /**
   * Resolves when it is this relay's turn. Rejects with `signal`'s reason when that is aborted, with a
   * `Fault('bus-unavailable')` when the bus fails; the call may be repeated.
   */
  takeTurn(signal: AbortSignal): Promise<RelayTurn>;
  close(): Promise<void>;
}

export interface RelayTurn {
  /** Everything up to here is on the bus. */
  readonly progress: Position;
  /** Aborted when another relay has its turn. */
  readonly over: AbortSignal;
  /** Whether lanes wait to hear how far they are complete; `settle` tells them. */
  readonly owing: boolean;
  /**
   * Puts events, in the order of the log, on the bus: all or none, and each lane in order. `through`: the log was read
   * up to here. Never two calls at once. Rejects with a `Fault('bus-unavailable')`: the outcome is unknown and the turn
   * has ended; the next one's `progress` tells.
   */
  publish(events: readonly StoredEvent[], through: Position): Promise<void>;
  settle(): Promise<void>;
  /** Lets another relay have its turn. */
  end(): Promise<void>;
}
