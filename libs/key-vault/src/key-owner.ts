import type { DataClass, EventMeta, Instant } from '@anamnesis/kernel';
import type { KeyOwner } from './port.ts';

/** Every class there is; destroying a subject destroys a key of each. */
export const DATA_CLASSES: readonly DataClass[] = ['clinical', 'financial', 'access'];

/** The owner of what belongs to no patient and no organisation. */
export const NETWORK = 'network';

/** The only place that says which key seals an event: it follows from the envelope's clear part alone. */
export function keyOwnerOf(meta: Pick<EventMeta, 'subject' | 'dataClass' | 'sealedBy'>): KeyOwner {
  return { subject: meta.sealedBy ?? meta.subject ?? NETWORK, dataClass: meta.dataClass };
}

/**
 * Access records of no single patient are sealed under a key that changes monthly (UTC), so that it can be destroyed
 * when their retention ends. Such an event names it in its envelope (`sealedBy`), because the log may stamp the event
 * in the next month already.
 */
export function auditMonth(at: Instant): string {
  return `audit-${new Date(at).toISOString().slice(0, 7)}`;
}
