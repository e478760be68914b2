import { isDeletion, kindOf, recordFactsOf, typeOfKind } from '@anamnesis/contracts';
import { stampMeta } from '@anamnesis/fhir/json';
import type { Instant, Position, RecordedFact } from '@anamnesis/kernel';

/** One version of a resource as it is served. */
export interface ResourceVersion {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  readonly lastUpdated: Instant;
  readonly position: Position;
  /** JSON text, stamped with version and time; undefined for a deletion. */
  readonly text: string | undefined;
  /** The opaque id of the patient whose data it is. */
  readonly subject?: string;
  readonly stream: string;
}

/** The version that an event carries; undefined when it carries none. */
export function versionOf(fact: RecordedFact): ResourceVersion | undefined {
  const facts = recordFactsOf(fact);
  if (!facts) return undefined;
  const { resourceType: type, id, versionId } = facts;
  const subject = fact.meta.subject;
  const text = isDeletion(fact) ? undefined : fact.resource;
  return {
    type,
    id,
    versionId,
    lastUpdated: fact.recordedAt,
    position: fact.position,
    text: text === undefined ? undefined : stampMeta(text, type, id, versionId, instantText(fact.recordedAt)),
    stream: fact.stream,
    ...(subject !== undefined && { subject }),
  };
}

/** R4 instant, in UTC with milliseconds. */
export const instantText = (instant: Instant): string => new Date(instant).toISOString();

/** The resource type whose stream this is; undefined for streams that hold none (claims, accesses). */
export const typeOfStream = (stream: string): string | undefined => typeOfKind(kindOf(stream));

export function versionHeaders(version: Pick<ResourceVersion, 'versionId' | 'lastUpdated' | 'position'>) {
  return {
    ETag: `W/"${version.versionId}"`,
    'Last-Modified': new Date(version.lastUpdated).toUTCString(),
    'X-Anamnesis-Position': String(version.position),
  };
}
