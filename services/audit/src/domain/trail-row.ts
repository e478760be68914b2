import type { Instant, Position } from '@anamnesis/kernel';
import { isAccessRecord, readAccessFacts } from '@anamnesis/access';
import type { AuditedEvent } from './audit-event.ts';
import type { ActionCode, Outcome } from './audit-event-codes.ts';
import { patternOf } from './audit-pattern.ts';

/** Who saw or did what, when, in what role, for what purpose, from where: one event as an officer reads it. */
export interface TrailRow {
  readonly position: Position;
  readonly at: Instant;
  readonly actor: string;
  readonly role: string;
  readonly purpose: string;
  readonly facility?: string;
  /** The event's type, such as `PatientDataRead` or `ResultReported`. */
  readonly what: string;
  readonly action: ActionCode;
  readonly outcome: Outcome;
  readonly interaction?: string;
  /** `<type>/<id>` where the event names one; absent when its key was destroyed. */
  readonly resource?: string;
  readonly query?: string;
  readonly from?: string;
  readonly reason?: string;
  readonly recipient?: string;
  /** The opaque ids of the patients it concerns. */
  readonly patients: readonly string[];
  readonly requestId: string;
}

export function trailRow(event: AuditedEvent): TrailRow {
  const { actor, subject, correlation } = event.meta;
  const { action, outcome } = patternOf(event);
  const facts = event.facts ?? {};
  const access = isAccessRecord(event) ? readAccessFacts({ facts }) : undefined;
  const { resourceType, id } = facts as { resourceType?: unknown; id?: unknown };
  const resource =
    typeof resourceType === 'string' && typeof id === 'string' ? { resource: `${resourceType}/${id}` } : {};
  return {
    position: event.position,
    at: event.recordedAt,
    actor: actor.id,
    role: actor.role,
    purpose: actor.purpose,
    ...(actor.facility === undefined ? {} : { facility: actor.facility }),
    what: event.type,
    action,
    outcome,
    ...resource,
    ...picked(access, 'interaction', 'query', 'from', 'reason', 'recipient'),
    patients: access?.patients ?? (subject === undefined ? [] : [subject]),
    requestId: access?.requestId || correlation,
  };
}

function picked<T extends object, K extends keyof T>(from: T | undefined, ...keys: K[]): Partial<Pick<T, K>> {
  const found: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from?.[key] !== undefined) found[key] = from[key];
  return found;
}
