/** A reference as the index keeps it: a resource of this record, or a whole URL (or urn) with no type. */
export interface Pointer {
  readonly type: string;
  readonly id: string;
}

const RELATIVE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const REST_URL = /\/([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

/**
 * Reads a literal reference (R4 references 2.3.0.1). `ownBases` are this record's own base URLs, without a slash at
 * the end. A version is left aside. Undefined: a contained resource (`#x`), a conditional reference, or no reference.
 */
export function pointer(reference: string, ownBases: readonly string[]): Pointer | undefined {
  const relative = RELATIVE.exec(reference);
  if (relative) return { type: relative[1]!, id: relative[2]! };
  if (!ABSOLUTE.test(reference)) return undefined;
  for (const base of ownBases) {
    if (!reference.startsWith(base) || reference[base.length] !== '/') continue;
    const own = RELATIVE.exec(reference.slice(base.length + 1));
    if (own) return { type: own[1]!, id: own[2]! };
  }
  return { type: '', id: reference };
}

/** The resource type that a pointer's target has, as far as its text tells. */
export const targetType = (to: Pointer): string | undefined => (to.type !== '' ? to.type : REST_URL.exec(to.id)?.[1]);

/** A canonical's URL without its version and fragment. */
export function versionless(canonical: string): string {
  const end = canonical.search(/[|#]/);
  return end < 0 ? canonical : canonical.slice(0, end);
}
