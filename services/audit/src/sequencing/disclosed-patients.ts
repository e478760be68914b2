import type { StoredEvent } from '@anamnesis/event-store';
import type { EventOpener } from '@anamnesis/journal';
import { Fault } from '@anamnesis/kernel';
import { isAccessRecord, readAccessFacts } from '@anamnesis/access';
import type { DisclosedPatients } from '../index-db/index.ts';

/**
 * Opens the access records among the events and says which patients each names. Undefined when the vault does not
 * answer now: the tree goes on without, and the records are indexed later. A record whose key was destroyed, or that
 * does not open, names nobody; the verifier is who finds an altered one.
 */
export async function disclosedPatients(
  opener: EventOpener,
  events: readonly StoredEvent[],
): Promise<DisclosedPatients | undefined> {
  const patients = new Map<number, readonly string[]>();
  for (const event of events) {
    if (!isAccessRecord(event)) continue;
    try {
      const opened = await opener.open(event);
      if (!('erased' in opened)) patients.set(event.position, readAccessFacts(opened).patients);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.retryable) return undefined;
    }
  }
  return ({ position }) => patients.get(position);
}
