import type { Fact } from '@anamnesis/kernel';

/** What every event that carries a resource says beside it. Sealed with the rest of the event's data. */
export interface RecordFacts {
  readonly resourceType: string;
  /** The FHIR id, which may differ from the stream's UUID when a client chose it. */
  readonly id: string;
  /** The resource's own counter, from "1"; it is carried, not counted, since streams may have gaps. */
  readonly versionId: string;
  /** The resource's clinical time as it states it. */
  readonly effectiveAt?: string;
  /** `imported`: stated elsewhere, stored as stated; fires no policy, alert or charge. */
  readonly origin?: 'imported';
  /** Why, where a reason was given (entered in error, correction). */
  readonly reason?: string;
}

/** A fact of the generic record, or of a decider that carries a resource version. */
export interface RecordFact extends Fact {
  readonly facts: RecordFacts & Readonly<Record<string, unknown>>;
}

/** The facts of a resource-bearing event; undefined when the event carries no resource version. */
export function recordFactsOf(fact: Fact): RecordFacts | undefined {
  const facts = fact.facts as Partial<RecordFacts>;
  return typeof facts.resourceType === 'string' && typeof facts.id === 'string' && typeof facts.versionId === 'string'
    ? (facts as RecordFacts)
    : undefined;
}

/** Whether the event says that the resource is no longer shown (its history stays). */
export const isDeletion = (fact: Fact): boolean => fact.resource === undefined && fact.type.endsWith('Deleted');
