import type { Revision } from '@anamnesis/kernel';

/** What an append expects of its stream: a revision or one of EventStoreDB's words. */
export type ExpectedVersion = Revision | 'any' | 'no-stream' | 'stream-exists';

/** The numbers that stand for the words in error metadata. */
const NUMBERS = { any: -2, 'no-stream': -1, 'stream-exists': -4 } as const;

export function expectedNumber(expected: ExpectedVersion): number {
  return typeof expected === 'number' ? expected : NUMBERS[expected];
}

/** A revision as the protocol's unsigned 64-bit integer says it; none that a log can hold is above a safe integer. */
export function toRevision(text: string): Revision {
  const value = BigInt(text);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}
