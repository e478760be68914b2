import type { Caller } from './caller.ts';
import {
  ACTIONS,
  type Action,
  type ActionRule,
  type Interaction,
  PURPOSES_OF_ROLE,
  RESOURCE_ACCESS,
} from './permissions.ts';
import { PURPOSES } from './purposes.ts';
import { groupOf, IMPERSONAL_GROUPS } from './resource-groups.ts';
import type { Role } from './roles.ts';

/** What a caller wants: a named action, or a FHIR interaction on a resource type. */
export type Wanted = Action | { readonly interaction: Interaction; readonly type: string };

export type DenialReason =
  /** The role may not do this. */
  | 'role'
  /** The role may, but not for the purpose stated. */
  | 'purpose'
  /** There is no such resource type. */
  | 'unknown-type';

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: DenialReason };

const ALLOWED: Verdict = { allowed: true };
const DENIED: Readonly<Record<DenialReason, Verdict>> = {
  role: { allowed: false, reason: 'role' },
  purpose: { allowed: false, reason: 'purpose' },
  'unknown-type': { allowed: false, reason: 'unknown-type' },
};

/** Decides by the matrix alone; pure, and without allocation. */
export function can(caller: Pick<Caller, 'role' | 'purpose'>, wanted: Wanted): Verdict {
  if (typeof wanted === 'string') return canDo(caller, ACTIONS[wanted]);
  const group = groupOf(wanted.type);
  if (group === undefined) return DENIED['unknown-type'];
  if (!RESOURCE_ACCESS[caller.role][group].includes(wanted.interaction)) return DENIED.role;
  return IMPERSONAL_GROUPS.has(group) || isForPurpose(caller) ? ALLOWED : DENIED.purpose;
}

function canDo(caller: Pick<Caller, 'role' | 'purpose'>, rule: ActionRule): Verdict {
  if (rule.who === 'services') return DENIED.role;
  if (typeof rule.who !== 'string' && !rule.who.includes(caller.role)) return DENIED.role;
  return !rule.patientData || isForPurpose(caller) ? ALLOWED : DENIED.purpose;
}

function isForPurpose({ role, purpose }: { readonly role: Role; readonly purpose: string }): boolean {
  const purposeClass = PURPOSES.get(purpose);
  return purposeClass !== undefined && PURPOSES_OF_ROLE[role].includes(purposeClass);
}
