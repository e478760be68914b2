import { isDeletion, recordFactsOf, type RecordFacts } from '@anamnesis/contracts';
import { stampMeta } from '@anamnesis/fhir/json';
import { extractEntries, type ExtractOptions } from '@anamnesis/fhir/search';
import type { EventMeta, Position, RecordedFact } from '@anamnesis/kernel';
import type { Operation } from '@anamnesis/read-store';
import { membership } from './patient-facility.ts';

/** Ends a patient's record; its facts name every subject that goes with it. */
const ERASED = 'PatientErased';

/**
 * What the search index makes of an event, purely: the current version of each resource with all its entries, and who
 * may see whom. Events that carry no resource version change no resource. Throws on a resource that cannot be read:
 * such an event is poison.
 */
export function project(fact: RecordedFact, options: ExtractOptions = {}): Operation[] {
  if (fact.type === ERASED) return purges(fact);
  const operations: Operation[] = [];
  const facts = recordFactsOf(fact);
  if (facts && isDeletion(fact)) {
    operations.push({ remove: { type: facts.resourceType, id: facts.id }, position: fact.position });
  } else if (facts && fact.resource !== undefined) {
    operations.push(currentVersion(fact, facts, fact.resource, options));
  }
  const known = membership(fact);
  if (known) operations.push(known);
  return operations;
}

/** What is left to do for an event whose key was destroyed: nothing, unless it is the erasure itself. */
export function projectErased(event: {
  readonly type: string;
  readonly meta: EventMeta;
  readonly position: Position;
}): Operation[] {
  const { subject } = event.meta;
  return event.type === ERASED && subject !== undefined ? [{ purge: { subject }, position: event.position }] : [];
}

function currentVersion(fact: RecordedFact, facts: RecordFacts, resource: string, options: ExtractOptions): Operation {
  const { resourceType: type, id, versionId } = facts;
  const { subject } = fact.meta;
  const put = {
    type,
    id,
    body: stampMeta(resource, type, id, versionId, new Date(fact.recordedAt).toISOString()),
    lastUpdated: fact.recordedAt,
    entries: extractEntries(type, JSON.parse(resource), options),
    ...(subject !== undefined && { subject }),
  };
  return { put, position: fact.position };
}

function purges({ facts, meta, position }: RecordedFact): Operation[] {
  const named = Array.isArray(facts['subjects']) ? facts['subjects'].filter((one) => typeof one === 'string') : [];
  const subjects = new Set([...named, ...(meta.subject === undefined ? [] : [meta.subject])]);
  return [...subjects].map((subject) => ({ purge: { subject }, position }));
}
