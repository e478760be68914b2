import type { Field } from './field.ts';

const LIMIT_MS = 180_000;

export interface Projection {
  readonly model: string;
  readonly state: string;
  readonly lag: number;
  readonly poisonCount: number;
  readonly poison: readonly { readonly position: number }[];
}

export interface RelayAnswer {
  readonly state: string;
  readonly lag?: { readonly events: number };
}

export const projectionsOf = (field: Field): Promise<readonly Projection[]> =>
  field.told<readonly Projection[]>('/admin/projections');

/** Resolves when nothing is under way between the log and a search; rejects when that takes too long. */
export async function untilNoLag(field: Field): Promise<void> {
  await field.until('the relay to have no lag', LIMIT_MS, async () => {
    for (const one of field.processes('relay')) {
      const { state, lag } = await field.told<RelayAnswer>('/admin/relay', field.at(one));
      if (state === 'relaying' && lag?.events === 0) return true;
    }
    return undefined;
  });
  await field.until('the projections to have no lag', LIMIT_MS, async () => {
    const all = await projectionsOf(field);
    return all.every(({ state, lag }) => state === 'following' && lag === 0) || undefined;
  });
}
