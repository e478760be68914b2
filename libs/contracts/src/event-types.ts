import { ownerOf } from './ownership.ts';

/**
 * Every type of event that can be stored, and the version its data has today. Stored events are for ever: a type is
 * never renamed or taken away; one whose shape changes gets the next version here, a step in `upcasters.ts`, and a
 * sample of the new shape beside the old one (`test/samples`).
 */
const NAMED_EVENTS = {
  // patients: a Patient's own story
  PatientRegistered: 1,
  DemographicsCorrected: 1,
  DeathRecorded: 1,
  DeathRevoked: 1,
  PatientMerged: 1,
  RecordAbsorbed: 1,
  PatientUnmerged: 1,
  // patients: an identifier's one holder
  IdentifierClaimed: 1,
  IdentifierReleased: 1,
  // patients: holds and erasures
  HoldPlaced: 1,
  HoldReleased: 1,
  ErasureAsked: 1,
  ErasureApproved: 1,
  ErasureRegistered: 1,
  PatientErased: 1,
  // encounters: what happens at a visit
  EncounterPlanned: 1,
  PatientArrived: 1,
  PatientAdmitted: 1,
  PatientTransferred: 1,
  LeaveStarted: 1,
  LeaveEnded: 1,
  PatientDischarged: 1,
  DischargeReversed: 1,
  EncounterCancelled: 1,
  // gateway: what makes a request count once, and a criterion have one winner
  CommandAnswered: 1,
  CriteriaApplied: 1,
  // audit: access records
  PatientDataRead: 1,
  PatientDataSearched: 1,
  PatientDataExported: 1,
  PatientDataPrinted: 1,
  DisclosureMade: 1,
  AccessDenied: 1,
  SignedIn: 1,
  SignInFailed: 1,
  SignedOut: 1,
  RolesChanged: 1,
  ConfigurationChanged: 1,
  AuditStarted: 1,
  AuditStopped: 1,
} as const satisfies Readonly<Record<string, number>>;

export type NamedEventType = keyof typeof NAMED_EVENTS;

/** Events with a name of their own. */
export const namedEventTypes = Object.keys(NAMED_EVENTS) as readonly NamedEventType[];

/** `<ResourceType>Recorded` and so on: the events of a resource that has no workflow, all of one shape. */
export const GENERIC_ENDINGS = ['Recorded', 'Amended', 'EnteredInError', 'Deleted'] as const;

/** The version that a type's data has today; undefined: no such event. */
export function currentSchema(type: string): number | undefined {
  if (Object.hasOwn(NAMED_EVENTS, type)) return NAMED_EVENTS[type as NamedEventType];
  return GENERIC_ENDINGS.some((ending) => type.endsWith(ending) && ownerOf(type.slice(0, -ending.length)))
    ? 1
    : undefined;
}
