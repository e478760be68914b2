import { Fault } from '@anamnesis/kernel';

/** What an error is called in metrics and spans: a fault's code, another's class; nothing that it says. */
export function errorType(error: unknown): string {
  if (error instanceof Fault) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}
