/** A legal hold: while one stands, nothing of the patient is erased. */
import { accept, refuse, type Command, type Decider, type Refusal } from '@anamnesis/kernel';

export type HoldCommand =
  Command<'PlaceHold', { readonly reason: string }> | Command<'ReleaseHold', { readonly reason: string }>;

export interface HoldState {
  readonly held: boolean;
}

export type HoldRefusal = Refusal<'hold-stands' | 'hold-absent'>;

export const legalHold: Decider<HoldCommand, HoldState, HoldRefusal> = {
  initial: { held: false },
  evolve: (state, { type }) => {
    if (type === 'HoldPlaced') return { held: true };
    return type === 'HoldReleased' ? { held: false } : state;
  },
  decide({ type, body, actor }, { held }) {
    const facts = { reason: body.reason, by: actor.id };
    if (type === 'PlaceHold') {
      if (held) return refuse({ code: 'hold-stands', message: 'The patient is under a legal hold already.' });
      return accept({ type: 'HoldPlaced', schema: 1, facts });
    }
    if (!held) return refuse({ code: 'hold-absent', message: 'The patient is under no legal hold.' });
    return accept({ type: 'HoldReleased', schema: 1, facts });
  },
};
