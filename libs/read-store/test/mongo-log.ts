import type { Operation } from '@anamnesis/read-store';
import { put, purge, remove, token } from '../src/contract/samples.ts';

/** A log that everybody can read: two lanes, few documents that change often, removals, erasures. */
export const LANES = ['anamnesis.patients/0', 'anamnesis.patients/1'] as const;

export const laneOf = (position: number): number => position % 2;

export function operationAt(position: number): Operation {
  const lane = laneOf(position);
  const id = `d${lane}-${(position * 7) % 60}`;
  // A document always belongs to the same subject, and a subject to one lane, as patients do.
  const subject = `s${lane}-${((position * 7) % 60) % 9}`;
  if (position % 97 === 0) return purge(position, subject);
  if (position % 13 === 0) return remove(position, 'Basic', id);
  return put(position, 'Basic', id, { subject, entries: [token('t', String(position % 5))] });
}

/** Which documents there are after the positions up to `through`, and of which position. */
export function documentsAfter(through: number): Map<string, number> {
  const documents = new Map<string, { position: number; subject: string | undefined }>();
  for (let position = 1; position <= through; position += 1) {
    const operation = operationAt(position);
    if ('purge' in operation) {
      for (const [id, { subject }] of documents) if (subject === operation.purge.subject) documents.delete(id);
    } else if ('remove' in operation) documents.delete(operation.remove.id);
    else documents.set(operation.put.id, { position, subject: operation.put.subject });
  }
  return new Map(Array.from(documents, ([id, { position }]) => [id, position]));
}
