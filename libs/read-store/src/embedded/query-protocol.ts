import { Fault, type FaultCode } from '@anamnesis/kernel';
import { QueryRefused } from '../query-refused.ts';
import type { Search } from './search.ts';

/** What query threads can be asked; the arguments and answers are the methods' own. */
export type QueryMethod = 'query' | 'count' | 'getMany' | 'referredTo' | 'referringTo';

export interface QueryRequest<M extends QueryMethod = QueryMethod> {
  readonly number: number;
  readonly model: string;
  readonly method: M;
  readonly args: Parameters<Search[M]>;
}

export type QueryReply =
  { readonly number: number; readonly value: unknown } | { readonly number: number; readonly error: WireError };

/** Errors as plain data: classes do not survive the way between threads. */
export type WireError =
  | { readonly kind: 'fault'; readonly code: FaultCode; readonly message: string; readonly retryable: boolean }
  | { readonly kind: 'refused'; readonly code: QueryRefused['code'] }
  | { readonly kind: 'bug'; readonly error: unknown };

export interface QueryThreadData {
  readonly folder: string;
  readonly board: SharedArrayBuffer;
  readonly cacheBytes: number;
  readonly budgetMs: number;
}

export function toWire(error: unknown): WireError {
  if (error instanceof Fault) {
    return { kind: 'fault', code: error.code, message: error.message, retryable: error.retryable };
  }
  if (error instanceof QueryRefused) return { kind: 'refused', code: error.code };
  return { kind: 'bug', error };
}

export function fromWire(error: WireError): unknown {
  if (error.kind === 'fault') return new Fault(error.code, error.message, { retryable: error.retryable });
  if (error.kind === 'refused') return new QueryRefused(error.code);
  return error.error;
}
