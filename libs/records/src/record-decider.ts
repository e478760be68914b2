import { clinicalTime, isDeletion, recordFactsOf, type RecordFacts } from '@anamnesis/contracts';
import { accept, refuse, type Decider, type Decision, type Fact } from '@anamnesis/kernel';
import { refusal, type Json, type PutRecord, type RecordCommand, type RecordRefusal } from './record-command.ts';

/** What a stream's events say of its resource. */
export interface RecordState {
  readonly standing: 'absent' | 'current' | 'deleted' | 'in-error';
  /** The latest version's number; 0 when there is none. */
  readonly version: number;
  /** The latest version's text; kept through a deletion, which carries none. */
  readonly text?: string;
}

/** What a kind of resource adds to the generic record. */
export interface RecordRules {
  /** The event's name for a version that is stored; default `<Type>Recorded`, `Amended` or `EnteredInError`. */
  name?(command: PutRecord, state: RecordState): string | RecordRefusal;
  /** Whether the latest version may be deleted. */
  deletable?(current: Json): boolean;
}

export const absent: RecordState = { standing: 'absent', version: 0 };

/** The decider of a resource that has no workflow of its own: recorded, amended, entered in error, deleted. */
export function recordDecider(rules: RecordRules = {}): Decider<RecordCommand, RecordState, RecordRefusal> {
  return {
    initial: absent,
    evolve: evolveRecord,
    decide: (command, state) => {
      const { ifMatch } = command.body;
      if (ifMatch !== undefined && (state.standing === 'absent' || ifMatch !== String(state.version))) {
        return refuse(refusal('version-conflict'));
      }
      return command.type === 'PutRecord' ? put(command, state, rules) : remove(command, state, rules);
    },
  };
}

const parsed = new WeakMap<RecordState, Json>();

/** The latest version, parsed once a state; undefined when there is none. */
export function currentOf(state: RecordState): Json | undefined {
  if (state.text === undefined) return undefined;
  const known = parsed.get(state);
  if (known) return known;
  const current = JSON.parse(state.text) as Json;
  parsed.set(state, current);
  return current;
}

/** Every event that carries a version moves the resource on; others leave it as it is. */
export function evolveRecord(state: RecordState, fact: Fact): RecordState {
  const facts = recordFactsOf(fact);
  if (!facts) return state;
  const version = Number(facts.versionId);
  if (isDeletion(fact)) return { ...state, standing: 'deleted', version };
  const standing = fact.type.endsWith('EnteredInError') ? 'in-error' : 'current';
  return { standing, version, ...(fact.resource !== undefined && { text: fact.resource }) };
}

function put(command: PutRecord, state: RecordState, rules: RecordRules): Decision<RecordRefusal> {
  if (state.standing === 'in-error') return refuse(refusal('entered-in-error'));
  const named = rules.name?.(command, state) ?? genericName(command, state);
  return typeof named === 'string' ? accept(versionFact(named, command, state.version + 1)) : refuse(named);
}

function remove(
  command: Extract<RecordCommand, { type: 'DeleteRecord' }>,
  state: RecordState,
  rules: RecordRules,
): Decision<RecordRefusal> {
  if (state.standing === 'absent' || state.standing === 'deleted') return accept(); // R4 http.html#delete: no effect
  const current = currentOf(state);
  if (rules.deletable && current && !rules.deletable(current)) {
    return refuse(refusal('signed'));
  }
  const { resourceType, id, reason } = command.body;
  const facts: RecordFacts = {
    resourceType,
    id,
    versionId: String(state.version + 1),
    ...(reason !== undefined && { reason }),
  };
  return accept({ type: `${resourceType}Deleted`, schema: 1, facts: { ...facts } });
}

/** `<Type>EnteredInError`, `<Type>Recorded` or `<Type>Amended`, as the resource and its stream say. */
export function genericName(command: PutRecord, state: RecordState): string {
  const { resourceType, resource } = command.body;
  if (isEnteredInError(resource.value)) return `${resourceType}EnteredInError`;
  return resourceType + (state.standing === 'absent' ? 'Recorded' : 'Amended');
}

/** The event that carries a version of a resource, whole. */
export function versionFact(type: string, command: PutRecord, version: number): Fact {
  const { resourceType, id, resource, origin, reason } = command.body;
  const effectiveAt = clinicalTime(resourceType, resource.value).start;
  const facts: RecordFacts = {
    resourceType,
    id,
    versionId: String(version),
    ...(effectiveAt !== undefined && { effectiveAt }),
    ...(origin && { origin }),
    ...(reason !== undefined && { reason }),
  };
  return { type, schema: 1, facts: { ...facts }, resource: resource.text };
}

interface Coded {
  readonly coding?: readonly { readonly code?: unknown }[];
}

/** R4: `status`, or the verification status of conditions and allergies, is `entered-in-error`. */
function isEnteredInError(resource: Json): boolean {
  if (resource['status'] === 'entered-in-error') return true;
  const verification = resource['verificationStatus'] as Coded | undefined;
  return verification?.coding?.some(({ code }) => code === 'entered-in-error') ?? false;
}
