/**
 * Erasure of a patient (GDPR 17): one officer asks, another approves. It is refused under a legal hold, and while
 * retention runs or is not configured. What was approved is carried out, and said to be done.
 */
import { accept, refuse, type Command, type Decider, type Decision, type Fact, type Refusal } from '@anamnesis/kernel';

/** What stands against an erasure, as it was found when the decision was asked for. */
export interface Obstacles {
  readonly held: boolean;
  readonly retention: 'over' | 'running' | 'not-configured';
}

interface Asked {
  readonly patient: string;
  readonly subjects: readonly string[];
  readonly reason: string;
  /** The legal basis. */
  readonly basis: string;
  readonly obstacles: Obstacles;
}

export type ErasureCommand =
  | Command<'AskErasure', Asked>
  | Command<'ApproveErasure', { readonly obstacles: Obstacles }>
  | Command<'CompleteErasure', Record<string, never>>
  | Command<'RepeatErasure', { readonly subjects: readonly string[] }>;

export interface ErasureState {
  readonly stage: 'none' | 'asked' | 'approved' | 'done';
  readonly patient: string;
  readonly subjects: readonly string[];
  readonly reason: string;
  readonly basis: string;
  /** Opaque ids of the officers. */
  readonly askedBy: string;
  readonly approvedBy: string;
}

export type ErasureRefusalCode =
  | 'erasure-unknown'
  | 'erasure-same-officer'
  | 'erasure-already-approved'
  | 'erasure-legal-hold'
  | 'erasure-retention-running'
  | 'erasure-retention-not-configured';
export type ErasureRefusal = Refusal<ErasureRefusalCode>;

/** What each refusal says; constants. */
export const ERASURE_REFUSALS: Readonly<Record<ErasureRefusalCode, string>> = {
  'erasure-unknown': 'There is no such erasure to approve.',
  'erasure-same-officer': 'Another officer than the one who asked must approve an erasure.',
  'erasure-already-approved': 'The erasure was approved already.',
  'erasure-legal-hold': 'The patient is under a legal hold.',
  'erasure-retention-running': 'The retention of the patient’s data has not ended.',
  'erasure-retention-not-configured': 'Retention is not configured, so it cannot be known to have ended.',
};
const because = (code: ErasureRefusalCode): Decision<ErasureRefusal> =>
  refuse({ code, message: ERASURE_REFUSALS[code] });

const initial: ErasureState = {
  stage: 'none',
  patient: '',
  subjects: [],
  reason: '',
  basis: '',
  askedBy: '',
  approvedBy: '',
};

export const erasure: Decider<ErasureCommand, ErasureState, ErasureRefusal> = {
  initial,
  evolve(state, { type, facts }: Fact) {
    switch (type) {
      case 'ErasureAsked':
        return { ...state, ...(facts as Partial<ErasureState>), stage: 'asked' };
      case 'ErasureApproved':
        return { ...state, stage: 'approved', approvedBy: String(facts['approvedBy']) };
      case 'PatientErased':
        return { ...state, stage: 'done' };
      default:
        return state;
    }
  },
  decide(command, state) {
    switch (command.type) {
      case 'AskErasure':
        return hindered(command.body.obstacles) ?? ask(command);
      case 'ApproveErasure':
        return approve(command, state);
      case 'CompleteErasure':
        return complete(state);
      case 'RepeatErasure':
        // The ledger says it was done; an older copy of the log does not know.
        return state.stage === 'done' ? accept() : erasedFact(command.body.subjects);
    }
  },
};

function hindered({ held, retention }: Obstacles): Decision<ErasureRefusal> | undefined {
  if (held) return because('erasure-legal-hold');
  if (retention === 'running') return because('erasure-retention-running');
  if (retention === 'not-configured') return because('erasure-retention-not-configured');
  return undefined;
}

function ask({ body, actor }: Extract<ErasureCommand, { type: 'AskErasure' }>): Decision<never> {
  const { patient, subjects, reason, basis } = body;
  return accept({ type: 'ErasureAsked', schema: 1, facts: { patient, subjects, reason, basis, askedBy: actor.id } });
}

function approve(
  { body, actor }: Extract<ErasureCommand, { type: 'ApproveErasure' }>,
  state: ErasureState,
): Decision<ErasureRefusal> {
  if (state.stage === 'none') return because('erasure-unknown');
  if (state.stage !== 'asked') return because('erasure-already-approved');
  if (actor.id === state.askedBy) return because('erasure-same-officer');
  return hindered(body.obstacles) ?? accept({ type: 'ErasureApproved', schema: 1, facts: { approvedBy: actor.id } });
}

function complete(state: ErasureState): Decision<ErasureRefusal> {
  if (state.stage === 'done') return accept();
  if (state.stage !== 'approved') return because('erasure-unknown');
  return erasedFact(state.subjects);
}

/** The reason may hold words about the person: what is done names only opaque ids. */
const erasedFact = (subjects: readonly string[]): Decision<never> =>
  accept({ type: 'PatientErased', schema: 1, facts: { subjects } });
