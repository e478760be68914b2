import { createHash } from 'node:crypto';
import { kindOf } from '@anamnesis/contracts';
import type { Position, RecordedFact } from '@anamnesis/kernel';
import type { Operation } from '@anamnesis/read-store';

/** Documents that say which facilities registered or saw a patient; they have the patient as subject. */
export const PATIENT_FACILITY = 'PatientFacility';
/** Their one parameter: a token without a system, the facility as events name it. */
export const FACILITY_PARAM = 'facility';

const CONTACTS = new Set(['patient', 'encounter', 'appointment']);

/** That the acting facility knows the patient, when the event is a registration, a visit or an appointment there. */
export function membership({ stream, meta, position, recordedAt }: RecordedFact): Operation | undefined {
  const { subject, actor } = meta;
  const { facility } = actor;
  if (subject === undefined || facility === undefined || facility === '' || !CONTACTS.has(kindOf(stream)))
    return undefined;
  return membershipOf(subject, facility, position, recordedAt);
}

function membershipOf(subject: string, facility: string, position: Position, lastUpdated: number): Operation {
  // A facility's name may be longer than a document's id has room for.
  const id = `${subject}.${createHash('sha256').update(facility).digest('hex').slice(0, 24)}`;
  const entries = [{ param: FACILITY_PARAM, kind: 'token', system: '', code: facility }] as const;
  return { put: { type: PATIENT_FACILITY, id, body: '{}', subject, lastUpdated, entries }, position };
}
