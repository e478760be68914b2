import { isDeletion, recordFactsOf } from '@anamnesis/contracts';
import type { Position, RecordedFact } from '@anamnesis/kernel';

/** What a document must say; undefined: it must not be there. */
export interface Expected {
  readonly version: string;
  readonly mark: string;
  readonly lastUpdated: number;
}

export interface ExpectedDocument {
  readonly type: string;
  readonly id: string;
  readonly document: Expected | undefined;
  /** Where the log last says something of it. */
  readonly position: Position;
}

/** The log, told again by other means than the projector's: the last version of each resource, unless erased since. */
export function expectedDocuments(facts: readonly RecordedFact[]): ExpectedDocument[] {
  const documents = new Map<string, ExpectedDocument & { readonly subject: string | undefined }>();
  for (const fact of facts) {
    const { position, recordedAt, meta } = fact;
    if (fact.type === 'PatientErased') {
      for (const [name, known] of documents) {
        if (known.subject === meta.subject) documents.set(name, { ...known, document: undefined, position });
      }
      continue;
    }
    const record = recordFactsOf(fact);
    if (!record) continue;
    const { resourceType: type, id, versionId: version } = record;
    const document = isDeletion(fact) ? undefined : { version, mark: markIn(fact.resource!), lastUpdated: recordedAt };
    documents.set(`${type}/${id}`, { type, id, document, position, subject: meta.subject });
  }
  return [...documents.values()];
}

interface Marked {
  readonly name?: readonly { readonly family: string }[];
  readonly code?: { readonly text: string };
}

/** What the command wrote into its resource. */
export function markIn(text: string): string {
  const { name, code } = JSON.parse(text) as Marked;
  return name?.[0]?.family ?? code?.text ?? '';
}
