/** A legal hold: while one stands, nothing of the patient is erased. */
import { accept, refuse, type Command, type Decider, type Decision, type Refusal } from '@anamnesis/kernel';

export type HoldCommand =
  Command<'PlaceHold', { readonly reason: string }> | Command<'ReleaseHold', { readonly reason: string }>;

export interface HoldState {
  readonly held: boolean;
}

export type HoldRefusalCode = 'hold-stands' | 'hold-absent';
export type HoldRefusal = Refusal<HoldRefusalCode>;

/** What each refusal says; constants. */
export const HOLD_REFUSALS: Readonly<Record<HoldRefusalCode, string>> = {
  'hold-stands': 'The patient is under a legal hold already.',
  'hold-absent': 'The patient is under no legal hold.',
};
const because = (code: HoldRefusalCode): Decision<HoldRefusal> => refuse({ code, message: HOLD_REFUSALS[code] });

export const legalHold: Decider<HoldCommand, HoldState, HoldRefusal> = {
  initial: { held: false },
  evolve: (state, { type }) => {
    if (type === 'HoldPlaced') return { held: true };
    return type === 'HoldReleased' ? { held: false } : state;
  },
  decide({ type, body, actor }, { held }) {
    const facts = { reason: body.reason, by: actor.id };
    if (type === 'PlaceHold') {
      if (held) return because('hold-stands');
      return accept({ type: 'HoldPlaced', schema: 1, facts });
    }
    if (!held) return because('hold-absent');
    return accept({ type: 'HoldReleased', schema: 1, facts });
  },
};
