import { Fault, type FaultCode, type Position } from '@anamnesis/kernel';
import type { MessagePort } from 'node:worker_threads';
import { CorruptLog } from './sqlite-fault.ts';

/** What the writer's thread is started with. */
export interface WriterData {
  readonly folder: string;
  readonly limitBytes: number | undefined;
  /** The buffer of the `HeadSignal`. */
  readonly head: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** To the writer: encoded requests (append-message.ts), or the word to drain and close. */
export type ToWriter = Uint8Array<ArrayBuffer> | 'close';

/** From the writer. Outcomes are of the requests not yet answered, in the order they were sent. */
export type FromWriter =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answers'; readonly outcomes: Float64Array; readonly spares: readonly ArrayBuffer[] }
  /** The next `requests` requests failed together. */
  | { readonly kind: 'failed'; readonly requests: number; readonly failure: Failure }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'closed' };

/** An error as it crosses threads, where its class would be lost. */
export interface Failure {
  readonly code?: FaultCode;
  readonly retryable: boolean;
  readonly message: string;
  readonly position?: Position;
}

export function toFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Fault)) return { message, retryable: false };
  const failure = { code: error.code, message, retryable: error.retryable };
  return error instanceof CorruptLog ? { ...failure, position: error.position } : failure;
}

export function fromFailure({ code, message, retryable, position }: Failure): Error {
  if (position !== undefined) return new CorruptLog(position);
  return code === undefined ? new Error(message) : new Fault(code, message, { retryable });
}
