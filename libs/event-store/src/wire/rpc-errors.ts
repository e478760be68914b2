/** Failures as EventStoreDB tells them: a gRPC status, and metadata by which the official clients know which one. */
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { Fault } from '@anamnesis/kernel';
import { expectedNumber, type ExpectedVersion } from './expected-version.ts';
import { EXCEPTION } from './protocol.ts';

export class RpcError extends Error implements Partial<StatusObject> {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, exception?: string, more: Readonly<Record<string, string>> = {}) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = new Metadata();
    if (exception !== undefined) this.metadata.set(EXCEPTION, exception);
    for (const [key, value] of Object.entries(more)) this.metadata.set(key, toAscii(value));
  }
}

export function streamDeleted(stream: string): RpcError {
  return new RpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, 'stream-deleted', {
    'stream-name': stream,
  });
}

export function wrongExpectedVersion(stream: string, expected: ExpectedVersion, actual: number): RpcError {
  const wanted = expectedNumber(expected);
  return new RpcError(
    status.FAILED_PRECONDITION,
    `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${wanted}, ` +
      `Actual version: ${actual}`,
    'wrong-expected-version',
    {
      'stream-name': stream,
      'expected-version': String(wanted),
      // Clients take a missing one for "no stream".
      ...(actual < 0 ? {} : { 'actual-version': String(actual) }),
    },
  );
}

export function accessDenied(): RpcError {
  return new RpcError(status.PERMISSION_DENIED, 'Access Denied', 'access-denied');
}

export function notAuthenticated(): RpcError {
  return new RpcError(status.UNAUTHENTICATED, 'The user name or the password is wrong.');
}

export function appendTooLarge(limit: number): RpcError {
  return new RpcError(
    status.INVALID_ARGUMENT,
    `Maximum Append Size of ${limit} Exceeded.`,
    'maximum-append-size-exceeded',
    { 'maximum-append-size': String(limit) },
  );
}

export function missingProperty(property: string): RpcError {
  return new RpcError(
    status.INVALID_ARGUMENT,
    `Required Metadata Property '${property}' is missing`,
    'missing-required-metadata-property',
    { 'required-metadata-properties': 'type,content-type' },
  );
}

export function invalidArgument(details: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, details);
}

export function stopping(): RpcError {
  return new RpcError(status.UNAVAILABLE, 'The server is stopping.');
}

/** What to tell a client of any error; of a bug, nothing but that there was one. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof Fault) return new RpcError(faultStatus(error), error.message);
  return new RpcError(status.INTERNAL, 'The server met an error of its own.');
}

function faultStatus({ code, retryable }: Fault): status {
  if (code === 'store-full' || code === 'overloaded') return status.RESOURCE_EXHAUSTED;
  if (code === 'store-corrupt') return status.DATA_LOSS;
  return retryable || code === 'stopping' ? status.UNAVAILABLE : status.FAILED_PRECONDITION;
}

/** Metadata is printable ASCII (gRPC over HTTP/2, "Custom-Metadata"): what is not is percent-encoded. */
function toAscii(value: string): string {
  return value.replace(/[^\x20-\x7e]+/gu, (characters) => encodeURIComponent(characters.toWellFormed()));
}
