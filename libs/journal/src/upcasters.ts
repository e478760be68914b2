import { upcast } from '@anamnesis/contracts';
import type { Fact } from '@anamnesis/kernel';

/** Brings every shape that was ever stored to today's. Pure; unknown types pass as they are. */
export interface Upcasters {
  upcast(stored: Fact): Fact;
}

/** Every context's steps (`libs/contracts`). */
export const everyContexts: Upcasters = { upcast };
