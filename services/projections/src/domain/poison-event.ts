import type { Instant, Position } from '@anamnesis/kernel';
import type { Document, Operation } from '@anamnesis/read-store';

/** Documents that stand for events that could not be projected; kept in the read model, so a rebuild judges anew. */
export const POISON_EVENT = 'PoisonEvent';

/** An event that was skipped. Holds nothing of its data. */
export interface PoisonEvent {
  readonly position: Position;
  readonly type: string;
  /** A fault's code, or `projector-failed`, `document-refused`. */
  readonly code: string;
}

export function poisoned(event: PoisonEvent, recordedAt: Instant): Operation {
  const { position, type, code } = event;
  const put = {
    type: POISON_EVENT,
    id: String(position),
    body: JSON.stringify({ position, type, code }),
    lastUpdated: recordedAt,
    entries: [],
  };
  return { put, position };
}

export const poisonOf = ({ body }: Document): PoisonEvent => JSON.parse(body) as PoisonEvent;
