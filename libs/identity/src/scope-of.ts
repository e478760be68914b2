import type { Caller } from './caller.ts';
import type { Role } from './roles.ts';

/** Whose records a caller may meet: those of the whole network, or of patients registered or seen in the facilities. */
export type Scope = { readonly all: true } | { readonly facilities: readonly string[] };

const REACH: Readonly<Record<Role, 'network' | 'facilities'>> = {
  registrar: 'facilities',
  nurse: 'facilities',
  physician: 'facilities',
  pharmacist: 'facilities',
  'lab-technician': 'facilities',
  biller: 'facilities',
  'compliance-officer': 'network',
  // Meets no patient data at all: the matrix sees to that.
  operator: 'facilities',
  integration: 'network',
};

const NETWORK: Scope = { all: true };

/** A caller scoped to facilities whose token names none meets nobody's records. */
export function scopeOf(caller: Pick<Caller, 'role' | 'facilities'>): Scope {
  return REACH[caller.role] === 'network' ? NETWORK : { facilities: caller.facilities };
}
