/**
 * What an adapter throws when the world fails it: the disk is full, a peer does not answer.
 * Messages are constants; whatever a fault carries may be logged.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: FaultCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

export type FaultCode =
  | 'store-unavailable'
  | 'store-full'
  | 'store-read-only'
  | 'store-corrupt'
  | 'store-in-use'
  | 'vault-unavailable'
  | 'vault-key-wrong'
  | 'key-destroyed'
  | 'ledger-altered'
  | 'ledger-unavailable'
  | 'event-altered'
  | 'bus-unavailable'
  | 'read-model-behind'
  | 'read-model-unavailable'
  | 'identity-unavailable'
  | 'service-unavailable'
  | 'conflict-persists'
  | 'overloaded'
  | 'stopping';
