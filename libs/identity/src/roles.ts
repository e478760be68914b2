/** What a caller can be. A token may carry several; a request acts in one. */
export const ROLES = [
  'registrar',
  'nurse',
  'physician',
  'pharmacist',
  'lab-technician',
  'biller',
  'compliance-officer',
  'operator',
  'integration',
] as const;

export type Role = (typeof ROLES)[number];

export function isRole(name: unknown): name is Role {
  return (ROLES as readonly unknown[]).includes(name);
}
