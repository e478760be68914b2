import { ErrorType, isCommandError } from '@eventstore/db-client';
import { Fault } from '@anamnesis/kernel';

/** gRPC status codes (google.rpc.Code) that the client has no error of its own for. */
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const DATA_LOSS = 15;

/** The append may or may not have happened, and the same call may succeed later. */
const PASSING: ReadonlySet<string> = new Set([
  ErrorType.UNAVAILABLE,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.TIMEOUT,
  ErrorType.CANCELLED,
  ErrorType.NOT_LEADER,
  ErrorType.UNKNOWN,
]);

export function unavailable(cause?: unknown): Fault {
  return new Fault('store-unavailable', 'The event store does not answer.', { retryable: true, cause });
}

/** What an error of the client means to the port. An error that is none of the client's is a bug, and stays one. */
export function toFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  if (!isCommandError(error)) return isTransport(error) ? unavailable(error) : error;
  const code = Number(error.code);
  if (error.type === ErrorType.ACCESS_DENIED || code === PERMISSION_DENIED || code === FAILED_PRECONDITION) {
    return new Fault('store-read-only', 'The event store does not let this user do that.', { cause: error });
  }
  if (error.type === ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED) return tooLarge(error);
  if (error.type === ErrorType.STREAM_DELETED || code === DATA_LOSS) {
    return new Fault('store-corrupt', 'The event store has lost or deleted part of the record.', { cause: error });
  }
  if (code === RESOURCE_EXHAUSTED) return exhausted(error);
  return PASSING.has(error.type) ? unavailable(error) : error;
}

/** One status for what is too much at once, for a message over gRPC's limit, and for a disk that is full. */
function exhausted(error: Error): Error {
  if (/larger than max/i.test(error.message)) return tooLarge(error);
  if (/full|space/i.test(error.message)) {
    return new Fault('store-full', 'The event store has no room left.', { cause: error });
  }
  return new Fault('overloaded', 'The event store takes no more for now.', { retryable: true, cause: error });
}

function tooLarge(cause: Error): RangeError {
  return new RangeError('The append is larger than the event store is set up to take.', { cause });
}

/** Failures before a call has a status: a name that does not resolve, a cluster that cannot be discovered. */
function isTransport(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'number' || /^(E[A-Z]+|ERR_HTTP2_)/.test(code ?? '') || /discover/i.test(error.message);
}
