import { isAccessRecord } from '@anamnesis/access';
import { type ActionCode, type Coding, type Outcome, restful, SUBTYPES, TYPES } from './audit-event-codes.ts';

/** What an event's type alone says about its AuditEvent; enough to search by. */
export interface AuditPattern {
  readonly type: Coding;
  readonly action: ActionCode;
  readonly outcome: Outcome;
  /** Further subtypes beside the interaction's. */
  readonly subtypes: readonly Coding[];
  /** The BALP profile for one patient, or for none. */
  readonly profile?: 'Read' | 'Query' | 'Create' | 'Update' | 'Delete' | 'Disclosure';
}

const ACCESS: Readonly<Record<string, AuditPattern>> = {
  PatientDataRead: { type: TYPES.rest, action: 'R', outcome: '0', subtypes: [], profile: 'Read' },
  PatientDataSearched: { type: TYPES.rest, action: 'E', outcome: '0', subtypes: [], profile: 'Query' },
  PatientDataExported: { type: TYPES.export, action: 'R', outcome: '0', subtypes: [] },
  PatientDataPrinted: { type: TYPES.export, action: 'R', outcome: '0', subtypes: [] },
  DisclosureMade: {
    type: TYPES.export,
    action: 'R',
    outcome: '0',
    subtypes: [SUBTYPES.disclose],
    profile: 'Disclosure',
  },
  // Access denied: http://hl7.org/fhir/R4/security.html#AccessDenied
  AccessDenied: { type: TYPES.rest, action: 'E', outcome: '8', subtypes: [] },
  SignedIn: { type: TYPES.authentication, action: 'E', outcome: '0', subtypes: [SUBTYPES.login] },
  SignInFailed: { type: TYPES.authentication, action: 'E', outcome: '4', subtypes: [SUBTYPES.login] },
  SignedOut: { type: TYPES.authentication, action: 'E', outcome: '0', subtypes: [SUBTYPES.logout] },
  RolesChanged: { type: TYPES.security, action: 'U', outcome: '0', subtypes: [SUBTYPES.roles] },
  ConfigurationChanged: { type: TYPES.security, action: 'U', outcome: '0', subtypes: [SUBTYPES.configuration] },
  AuditStarted: { type: TYPES.activity, action: 'E', outcome: '0', subtypes: [SUBTYPES.start] },
  AuditStopped: { type: TYPES.activity, action: 'E', outcome: '0', subtypes: [SUBTYPES.stop] },
};

const CREATED: AuditPattern = { type: TYPES.rest, action: 'C', outcome: '0', subtypes: [], profile: 'Create' };
const UPDATED: AuditPattern = { type: TYPES.rest, action: 'U', outcome: '0', subtypes: [], profile: 'Update' };
const DELETED: AuditPattern = { type: TYPES.rest, action: 'D', outcome: '0', subtypes: [], profile: 'Delete' };
const EMERGENCY: AuditPattern = { type: TYPES.security, action: 'E', outcome: '0', subtypes: [SUBTYPES.emergency] };

/** Facts whose names end so bring a new thing into the record; every other one changes what is there. */
const CREATING = /(Recorded|Registered|Admitted|Booked|Placed|Drafted|Opened|Captured|Issued|Created)$/;
const DELETING = /(Deleted|Erased)$/;

/** The pattern of an event by its type; every event has one, for every event is an audit fact. */
export function auditPattern(type: string, accessRecord: boolean): AuditPattern {
  const access = accessRecord ? ACCESS[type] : undefined;
  if (access) return access;
  if (type === 'EmergencyAccessGranted') return EMERGENCY;
  if (DELETING.test(type)) return DELETED;
  return CREATING.test(type) ? CREATED : UPDATED;
}

export const patternOf = (event: { readonly type: string; readonly stream: string }): AuditPattern =>
  auditPattern(event.type, isAccessRecord(event));

/** The subtype that says which interaction it was. */
export function interactionSubtype(action: ActionCode, interaction: string | undefined): Coding[] {
  if (interaction !== undefined) return [restful(interaction)];
  const derived = { C: 'create', R: 'read', U: 'update', D: 'delete', E: undefined }[action];
  return derived === undefined ? [] : [restful(derived)];
}
