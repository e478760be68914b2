import type { WrapOwner } from './key-encryption.ts';

/** Class first: it is one word of the code and has no slash, so that no two owners share a name. */
export function nameOfOwner({ subject, dataClass }: WrapOwner): string {
  return `${dataClass}/${subject}`;
}

export function ownerOfName(name: string): WrapOwner {
  const slash = name.indexOf('/');
  return { dataClass: name.slice(0, slash), subject: name.slice(slash + 1) };
}
