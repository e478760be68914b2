/** Failures of one batch of many in a call: a `google.rpc.Status` whose details say which one. */
import { Fault } from '@anamnesis/kernel';
import { status as codes } from '@grpc/grpc-js';
import type { ExpectedVersion } from './expected-version.ts';
import { AnyMessage, EXCEPTION, shared, status } from './protocol.ts';
import { RpcError } from './rpc-errors.ts';

type Status = InstanceType<typeof status.Status>;

/** Empty messages are alike, whichever type they have. */
const EMPTY = new shared.Empty() as never;

export function wrongVersionStatus(expected: ExpectedVersion, current: number): Status {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(EMPTY);
  else details.setCurrentStreamRevision(String(current));
  if (expected === 'any') details.setExpectedAny(EMPTY);
  else if (expected === 'no-stream') details.setExpectedNoStream(EMPTY);
  else if (expected === 'stream-exists') details.setExpectedStreamExists(EMPTY);
  else details.setExpectedStreamPosition(String(expected));
  return pack(codes.ALREADY_EXISTS, 'WrongExpectedVersion', details, 'event_store.client.WrongExpectedVersion');
}

export function streamDeletedStatus(stream: string): Status {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
  const details = new shared.StreamDeleted().setStreamIdentifier(identifier);
  return pack(codes.NOT_FOUND, 'StreamDeleted', details, 'event_store.client.StreamDeleted');
}

export function timeoutStatus(): Status {
  return pack(codes.DEADLINE_EXCEEDED, 'Timeout', new shared.Timeout(), 'event_store.client.Timeout');
}

export function tooLargeStatus(limit: number): Status {
  const details = new shared.MaximumAppendSizeExceeded().setMaxappendsize(limit);
  const name = 'event_store.client.MaximumAppendSizeExceeded';
  return pack(codes.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', details, name);
}

/** Any other error: refused, badly formed, or the store's. */
export function errorStatus(error: unknown): Status {
  if (error instanceof RpcError) {
    if (error.metadata.get(EXCEPTION)[0] === 'access-denied') {
      return pack(error.code, 'AccessDenied', new shared.AccessDenied(), 'event_store.client.AccessDenied');
    }
    const details = new shared.BadRequest().setMessage(error.details);
    return pack(error.code, 'BadRequest', details, 'event_store.client.BadRequest');
  }
  if (error instanceof Fault) {
    return pack(codes.UNAVAILABLE, error.message, new shared.Unknown(), 'event_store.client.Unknown');
  }
  return pack(codes.INTERNAL, 'Unknown', new shared.Unknown(), 'event_store.client.Unknown');
}

function pack(code: codes, message: string, details: { serializeBinary(): Uint8Array }, name: string): Status {
  const packed = new AnyMessage();
  packed.pack(details.serializeBinary(), name);
  return new status.Status()
    .setCode(code as number)
    .setMessage(message)
    .setDetails(packed);
}
