/**
 * Who a patient is: registration, correction, death, merge and unmerge.
 *
 * The state is the latest version of the Patient resource, since every event carries its version whole; whether a
 * record was merged stands in its links (R4 Patient.link, http://hl7.org/fhir/R4/patient.html#maintenance).
 */
import { accept, refuse, type Command, type Decider, type Decision } from '@anamnesis/kernel';
import {
  absent,
  currentOf,
  evolveRecord,
  recordDecider,
  refusal,
  versionFact,
  type Json,
  type PutRecord,
  type RecordCommand,
  type RecordRefusal,
  type RecordRules,
  type RecordState,
} from '@anamnesis/records';

interface MergeBody {
  /** The other record's FHIR id. */
  readonly other: string;
  readonly reason?: string;
}
/** Ends a record in favour of the survivor. */
export type MergePatient = Command<'MergePatient', MergeBody>;
/** The survivor's side of a merge. */
export type AbsorbRecord = Command<'AbsorbRecord', MergeBody>;
/** Undoes a merge, on either side. */
export type UnmergePatient = Command<'UnmergePatient', MergeBody>;

export type PatientCommand = RecordCommand | MergePatient | AbsorbRecord | UnmergePatient;

interface Link {
  readonly other: { readonly reference?: string };
  readonly type: 'replaced-by' | 'replaces' | 'refer' | 'seealso';
}

const linksOf = (patient: Json): readonly Link[] => (patient['link'] as readonly Link[] | undefined) ?? [];

/** Whether the record lives on in another one. */
export const isMerged = (patient: Json): boolean => linksOf(patient).some(({ type }) => type === 'replaced-by');

const deceased = (patient: Json): boolean =>
  patient['deceasedBoolean'] === true || patient['deceasedDateTime'] !== undefined;

const rules: RecordRules = {
  name(command, state) {
    const next = command.body.resource.value;
    if (state.standing === 'absent') return 'PatientRegistered';
    const current = currentOf(state) ?? {};
    if (isMerged(current)) return refusal('merged');
    if (isMerged(next) && !command.body.origin) return refusal('status-change', ['Patient.link']);
    if (deceased(next) !== deceased(current)) return deceased(next) ? 'DeathRecorded' : 'DeathRevoked';
    return 'DemographicsCorrected';
  },
  deletable: (current) => linksOf(current).every(({ type }) => type !== 'replaced-by' && type !== 'replaces'),
};

const record = recordDecider(rules);

export const patient: Decider<PatientCommand, RecordState, RecordRefusal> = {
  initial: absent,
  evolve: evolveRecord,
  decide(command, state) {
    switch (command.type) {
      case 'PutRecord':
      case 'DeleteRecord':
        return record.decide(command, state);
      case 'MergePatient':
        return merge(command, state);
      case 'AbsorbRecord':
        return absorb(command, state);
      case 'UnmergePatient':
        return unmerge(command, state);
    }
  },
};

function merge(command: MergePatient, state: RecordState): Decision<RecordRefusal> {
  if (state.standing !== 'current') return refuse(refusal('not-found'));
  const current = exactOf(state);
  if (current['id'] === command.body.other) return refuse(refusal('merge-into-itself'));
  if (isMerged(current)) return refuse(refusal('merged'));
  return next('PatientMerged', command, state, {
    ...current,
    active: false,
    link: linked(current, command, 'replaced-by'),
  });
}

function absorb(command: AbsorbRecord, state: RecordState): Decision<RecordRefusal> {
  if (state.standing !== 'current') return refuse(refusal('not-found'));
  const current = exactOf(state);
  if (isMerged(current)) return refuse(refusal('merge-target-merged'));
  return next('RecordAbsorbed', command, state, { ...current, link: linked(current, command, 'replaces') });
}

function unmerge(command: UnmergePatient, state: RecordState): Decision<RecordRefusal> {
  if (state.standing !== 'current') return refuse(refusal('not-found'));
  const { link: _, active, ...current } = exactOf(state);
  const links = linksOf(exactOf(state));
  const rest = links.filter((link) => link.other.reference !== `Patient/${command.body.other}`);
  if (rest.length === links.length) return refuse(refusal('not-merged'));
  // What the merge made inactive is active again; the survivor's own standing is left as it is.
  const restored = isMerged(exactOf(state)) ? true : active;
  return next('PatientUnmerged', command, state, {
    ...current,
    ...(restored !== undefined && { active: restored }),
    ...(rest.length > 0 && { link: rest }),
  });
}

const linked = (current: Json, command: MergePatient | AbsorbRecord, type: Link['type']): readonly Link[] => [
  ...linksOf(current),
  { other: { reference: `Patient/${command.body.other}` }, type },
];

function next(type: string, command: Command<string, MergeBody>, state: RecordState, value: Json): Decision<never> {
  const put: PutRecord = {
    ...command,
    type: 'PutRecord',
    body: {
      resourceType: 'Patient',
      id: String(value['id']),
      resource: { value, text: JSON.stringify(value) },
      ...(command.body.reason !== undefined && { reason: command.body.reason }),
    },
  };
  const fact = versionFact(type, put, state.version + 1);
  return accept({ ...fact, facts: { ...fact.facts, other: command.body.other } });
}

/** The latest version with its decimals as they were written, to be written again. */
function exactOf(state: RecordState): Json {
  return state.text === undefined ? {} : (JSON.parse(state.text, keepDecimals) as Json);
}

/** Decimals keep their lexical form through a version that we write ourselves (R4 json.html#decimal). */
function keepDecimals(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)
    : value;
}
