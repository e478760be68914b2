import type { Position } from '@anamnesis/kernel';
import type { FhirRequest } from './exchange.ts';

/**
 * The last position that each session wrote at, so that people always find what they just wrote.
 * Bounded: the sessions that wrote longest ago are forgotten first; theirs was projected long since.
 */
export class OwnWrites {
  readonly #last = new Map<string, Position>();
  readonly #limit: number;

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  note(session: string, position: Position): void {
    const before = this.#last.get(session) ?? 0;
    this.#last.delete(session);
    this.#last.set(session, Math.max(before, position));
    if (this.#last.size > this.#limit) this.#last.delete(this.#last.keys().next().value!);
  }

  of(session: string): Position {
    return this.#last.get(session) ?? 0;
  }
}

/** What a caller's own writes are known by: the session, or the token where there is none. */
export function sessionOf({ caller }: Pick<FhirRequest, 'caller'>): string {
  return caller.sessionId ?? `${caller.subject} ${caller.expiresAt}`;
}
