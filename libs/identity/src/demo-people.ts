import { type Role, ROLES } from './roles.ts';

export interface DemoPerson {
  readonly username: string;
  readonly role: Role;
  readonly facilities: readonly string[];
}

/** Who works in both of the first two facilities; all others in the first. */
const IN_BOTH: readonly Role[] = ['nurse', 'physician', 'compliance-officer'];

/** One for each role, and a second officer: who asks for an erasure may not approve it. */
const PEOPLE: readonly (readonly [username: string, role: Role])[] = [
  ...ROLES.map((role) => [role, role] as const),
  ['compliance-officer-2', 'compliance-officer'],
];

/** The people of a demonstration, the same on every identity provider. */
export function demoPeople(facilities: readonly string[]): readonly DemoPerson[] {
  return PEOPLE.map(([username, role]) => ({
    username,
    role,
    facilities: facilities.slice(0, IN_BOTH.includes(role) ? 2 : 1),
  }));
}
