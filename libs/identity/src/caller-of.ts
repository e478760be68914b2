import type { IncomingHttpHeaders } from 'node:http';
import type { Problem } from '@anamnesis/service';
import type { Caller, TokenIdentity } from './caller.ts';
import { DEFAULT_PURPOSE, PURPOSES } from './purposes.ts';

const UNKNOWN_PURPOSE = {
  status: 400,
  code: 'unknown-purpose',
  title: 'X-Purpose-Of-Use is no code of v3-PurposeOfUse.',
  issue: 'code-invalid',
} as const satisfies Problem;
const NO_ROLE = {
  status: 403,
  code: 'no-role',
  title: 'The token carries no role of this record.',
  issue: 'forbidden',
} as const satisfies Problem;
const ROLE_NOT_HELD = {
  status: 403,
  code: 'role-not-held',
  title: 'X-Role is none of the caller’s roles.',
  issue: 'forbidden',
} as const satisfies Problem;
const FACILITY_NOT_HELD = {
  status: 403,
  code: 'facility-not-held',
  title: 'X-Facility is none of the caller’s facilities.',
  issue: 'forbidden',
} as const satisfies Problem;

/** Why a request with a good token can have no caller. */
export const CALLER_PROBLEMS = [UNKNOWN_PURPOSE, NO_ROLE, ROLE_NOT_HELD, FACILITY_NOT_HELD] as const;

/** The caller of a request, from a token's identity and what the request's headers choose; or why it has none. */
export function callerOf(
  identity: TokenIdentity,
  headers: IncomingHttpHeaders,
): Caller | { readonly refused: Problem } {
  const role = chosen(headers['x-role'], identity.roles);
  if (role === undefined) return { refused: identity.roles.length === 0 ? NO_ROLE : ROLE_NOT_HELD };
  const purpose = headers['x-purpose-of-use'] ?? DEFAULT_PURPOSE[role];
  if (typeof purpose !== 'string' || !PURPOSES.has(purpose)) return { refused: UNKNOWN_PURPOSE };
  const facility = chosen(headers['x-facility'], identity.facilities);
  if (facility !== undefined) return { ...identity, role, purpose, facility };
  return headers['x-facility'] === undefined ? { ...identity, role, purpose } : { refused: FACILITY_NOT_HELD };
}

/** What the header names, if it is held; without a header the first that is held. */
function chosen<T extends string>(header: string | string[] | undefined, held: readonly T[]): T | undefined {
  return header === undefined ? held[0] : held.find((candidate) => candidate === header);
}
