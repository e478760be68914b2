/** What the vault and its writing thread say to each other. Owners travel flat: subject, class, subject, class. */
import { Fault, type FaultCode } from '@anamnesis/kernel';
import { vaultFault } from './sqlite-fault.ts';

export interface EnsureRequest {
  readonly kind: 'ensure';
  readonly id: number;
  readonly owners: readonly string[];
}

export interface DestroyRequest {
  readonly kind: 'destroy';
  readonly id: number;
  readonly owners: readonly string[];
}

export interface RotateRequest {
  readonly kind: 'rotate';
  readonly id: number;
}

export interface CloseRequest {
  readonly kind: 'close';
}

export type Request = EnsureRequest | DestroyRequest | RotateRequest | CloseRequest;

export type Reply =
  /** `made`: there was no key before. */
  | { readonly kind: 'ready'; readonly made: boolean }
  /** 32 bytes for each owner, in order; zeros for those listed by index in `destroyed`. */
  | { readonly kind: 'ensured'; readonly id: number; readonly keys: Uint8Array; readonly destroyed: readonly number[] }
  | { readonly kind: 'destroyed'; readonly id: number }
  | { readonly kind: 'rotating'; readonly id: number; readonly done: number; readonly total: number }
  | { readonly kind: 'rotated'; readonly id: number; readonly version: number; readonly rewrapped: number }
  /** Without an id: the vault did not open. */
  | { readonly kind: 'failed'; readonly id?: number; readonly fault: CarriedFault }
  | { readonly kind: 'closed' };

/** A fault as it crosses threads. */
export interface CarriedFault {
  readonly code: FaultCode;
  readonly message: string;
  readonly retryable: boolean;
}

/**
 * What the world did, as a fault without its cause. Anything else is a bug: it is thrown on, ends the thread, and
 * reaches the vault whole.
 */
export function carry(error: unknown): CarriedFault {
  const fault = vaultFault(error);
  if (!(fault instanceof Fault)) throw fault;
  return { code: fault.code, message: fault.message, retryable: fault.retryable };
}

export function carried({ code, message, retryable }: CarriedFault): Fault {
  return new Fault(code, message, { retryable });
}
