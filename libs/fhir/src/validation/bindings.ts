import { UNLISTED_VALUE_SETS, VALUE_SETS } from '../generated/value-sets.ts';

export interface BoundCodes {
  /** For an element of type code. */
  readonly codes: ReadonlySet<string>;
  /** For a Coding: the codes of each system. */
  readonly bySystem: ReadonlyMap<string, ReadonlySet<string>>;
}

const known = new Map<string, BoundCodes>();

/** The codes of a value set that R4 binds as required. */
export function boundCodes(valueSet: string): BoundCodes {
  const found = known.get(valueSet);
  if (found !== undefined) return found;
  const systems = VALUE_SETS[valueSet] ?? [];
  const bySystem = new Map(systems.map(([system, codes]) => [system, new Set(codes.split(' '))]));
  const bound = { codes: new Set([...bySystem.values()].flatMap((codes) => [...codes])), bySystem };
  known.set(valueSet, bound);
  return bound;
}

/** Whether a Coding or CodeableConcept has the code that its required binding asks for (R4 4.1.5). */
export function isBound(value: unknown, type: string, bound: BoundCodes): boolean {
  if (type === 'CodeableConcept') {
    const codings = (value as { coding?: unknown }).coding;
    return Array.isArray(codings) && codings.some((coding) => isBound(coding, 'Coding', bound));
  }
  if (typeof value !== 'object' || value === null) return false;
  const { system, code } = value as { system?: unknown; code?: unknown };
  return typeof system === 'string' && typeof code === 'string' && bound.bySystem.get(system)?.has(code) === true;
}

/** How many value sets of required bindings are checked, and which are not, with the elements bound to them. */
export function bindingCoverage(): { checked: number; unlisted: ReadonlyMap<string, readonly string[]> } {
  const unlisted = Object.entries(UNLISTED_VALUE_SETS).map(([url, paths]) => [url, paths.split(' ')] as const);
  return { checked: Object.keys(VALUE_SETS).length, unlisted: new Map(unlisted) };
}
