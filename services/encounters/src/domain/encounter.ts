/**
 * What happens at a visit: planned, arrived, admitted, transferred, on leave, discharged, cancelled.
 *
 * A version that changes the status is the named command or is refused (R4 Encounter.status,
 * http://hl7.org/fhir/R4/valueset-encounter-status.html). Imported encounters are stored as they are stated.
 */
import {
  currentOf,
  genericName,
  recordDecider,
  refusal,
  type Json,
  type RecordRefusal,
  type RecordRefusalCode,
  type RecordRules,
} from '@anamnesis/records';

type Stage = 'absent' | 'planned' | 'arrived' | 'admitted' | 'on-leave' | 'ended' | 'cancelled' | 'unknown';
type Step = string | { readonly refused: RecordRefusalCode };

const STAGE_OF: Readonly<Record<string, Stage>> = {
  planned: 'planned',
  arrived: 'arrived',
  triaged: 'arrived',
  'in-progress': 'admitted',
  onleave: 'on-leave',
  finished: 'ended',
  cancelled: 'cancelled',
  unknown: 'unknown',
};

const no = (refused: RecordRefusalCode): Step => ({ refused });
const AMENDED = 'EncounterAmended';

/** From where the patient stands (row) to where the new version puts them (column): the event, or why not. */
const STEPS: Readonly<Record<Stage, Readonly<Record<Exclude<Stage, 'absent'>, Step>>>> = {
  absent: {
    planned: 'EncounterPlanned',
    arrived: 'PatientArrived',
    admitted: 'PatientAdmitted',
    'on-leave': no('not-admitted'),
    ended: 'EncounterRecorded', // told afterwards: a fact, not an intention
    cancelled: 'EncounterCancelled',
    unknown: 'EncounterRecorded',
  },
  planned: {
    planned: AMENDED,
    arrived: 'PatientArrived',
    admitted: 'PatientAdmitted',
    'on-leave': no('not-admitted'),
    ended: no('not-admitted'),
    cancelled: 'EncounterCancelled',
    unknown: AMENDED,
  },
  arrived: {
    planned: no('status-change'),
    arrived: AMENDED,
    admitted: 'PatientAdmitted',
    'on-leave': no('not-admitted'),
    ended: no('not-admitted'),
    cancelled: 'EncounterCancelled',
    unknown: AMENDED,
  },
  admitted: {
    planned: no('already-admitted'),
    arrived: no('already-admitted'),
    admitted: AMENDED,
    'on-leave': 'LeaveStarted',
    ended: 'PatientDischarged',
    cancelled: no('already-admitted'),
    unknown: no('status-change'),
  },
  'on-leave': {
    planned: no('already-admitted'),
    arrived: no('already-admitted'),
    admitted: 'LeaveEnded',
    'on-leave': AMENDED,
    ended: 'PatientDischarged',
    cancelled: no('already-admitted'),
    unknown: no('status-change'),
  },
  ended: {
    planned: no('encounter-ended'),
    arrived: no('encounter-ended'),
    admitted: 'DischargeReversed',
    'on-leave': no('encounter-ended'),
    ended: AMENDED,
    cancelled: no('encounter-ended'),
    unknown: no('encounter-ended'),
  },
  cancelled: {
    planned: no('encounter-ended'),
    arrived: no('encounter-ended'),
    admitted: no('encounter-ended'),
    'on-leave': no('encounter-ended'),
    ended: no('encounter-ended'),
    cancelled: AMENDED,
    unknown: no('encounter-ended'),
  },
  unknown: {
    planned: 'EncounterPlanned',
    arrived: 'PatientArrived',
    admitted: 'PatientAdmitted',
    'on-leave': no('not-admitted'),
    ended: 'EncounterRecorded',
    cancelled: 'EncounterCancelled',
    unknown: AMENDED,
  },
};

export const encounterRules: RecordRules = {
  name(command, state): string | RecordRefusal {
    const next = command.body.resource.value;
    if (command.body.origin === 'imported') return genericName(command, state);
    const to = STAGE_OF[String(next['status'])];
    if (!to) return genericName(command, state); // entered in error
    const current = currentOf(state);
    const from = current ? (STAGE_OF[String(current['status'])] ?? 'unknown') : 'absent';
    const step = STEPS[from][to as Exclude<Stage, 'absent'>];
    if (typeof step !== 'string') return refusal(step.refused, ['Encounter.status']);
    return step === AMENDED && current && moved(current, next) ? 'PatientTransferred' : step;
  },
};

export const encounter = recordDecider(encounterRules);

interface Stay {
  readonly location?: { readonly reference?: string };
  readonly status?: string;
}

/** Whether an admitted patient is somewhere else now (R4 Encounter.location). */
function moved(current: Json, next: Json): boolean {
  if (STAGE_OF[String(current['status'])] !== 'admitted') return false;
  return placeOf(current) !== placeOf(next);
}

function placeOf(encounter: Json): string | undefined {
  const stays = (encounter['location'] as readonly Stay[] | undefined) ?? [];
  return (stays.find(({ status }) => status === 'active') ?? stays.at(-1))?.location?.reference;
}
