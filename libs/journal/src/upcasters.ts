import type { Fact } from '@anamnesis/kernel';

/** Brings every shape that was ever stored to today's. Pure; unknown types pass as they are. */
export interface Upcasters {
  upcast(stored: Fact): Fact;
}

/** For logs that hold today's shapes only. */
export const asStored: Upcasters = { upcast: (stored) => stored };
