import type { CodeSystem, Definitions, StructureDefinition, ValueSet } from './source.ts';

/** The last part of a value set's URL, which is unique among those that R4 binds as required (tested). */
export const valueSetName = (url: string | undefined): string | undefined => url?.split('|')[0]!.split('/').at(-1);

/** For each code system of a value set, its codes. */
export type Codes = readonly (readonly [system: string, codes: readonly string[]])[];

export interface RequiredBindings {
  readonly sets: ReadonlyMap<string, Codes>;
  /** Value sets whose codes the definitions do not list, with the elements bound to them. */
  readonly unlisted: ReadonlyMap<string, readonly string[]>;
}

/** Every value set that some element is bound to as required. */
export function requiredBindings(definitions: Definitions): RequiredBindings {
  const sets = new Map<string, Codes>();
  const unlisted = new Map<string, string[]>();
  for (const [url, paths] of boundUrls(definitions.structures)) {
    const set = definitions.valueSets.get(url);
    const codes = set === undefined ? undefined : enumerate(set, definitions);
    if (codes === undefined) unlisted.set(url, paths);
    else sets.set(valueSetName(url)!, codes);
  }
  return { sets: new Map([...sets].sort(([a], [b]) => (a < b ? -1 : 1))), unlisted };
}

function boundUrls(structures: readonly StructureDefinition[]): Map<string, string[]> {
  const bound = new Map<string, string[]>();
  for (const { path, binding } of structures.flatMap(({ snapshot }) => snapshot.element)) {
    if (binding?.strength !== 'required' || binding.valueSet === undefined) continue;
    const url = binding.valueSet.split('|')[0]!;
    bound.set(url, [...(bound.get(url) ?? []), path]);
  }
  return bound;
}

/** All codes of a value set, undefined when they are not all known. */
function enumerate(set: ValueSet, { codeSystems, valueSets }: Definitions): Codes | undefined {
  if (set.compose === undefined || set.compose.exclude !== undefined) return undefined;
  const codes = new Map<string, Set<string>>();
  for (const include of set.compose.include) {
    if (include.filter !== undefined) return undefined;
    for (const url of include.valueSet ?? []) {
      const other = valueSets.get(url.split('|')[0]!);
      const listed = other === undefined ? undefined : enumerate(other, { codeSystems, valueSets } as Definitions);
      if (listed === undefined) return undefined;
      for (const [system, some] of listed) add(codes, system, some);
    }
    if (include.system === undefined) continue;
    const listed = include.concept?.map(({ code }) => code) ?? listCodes(codeSystems.get(include.system));
    if (listed === undefined) return undefined;
    add(codes, include.system, listed);
  }
  return [...codes].map(([system, some]) => [system, [...some]] as const);
}

function add(codes: Map<string, Set<string>>, system: string, some: readonly string[]): void {
  codes.set(system, new Set([...(codes.get(system) ?? []), ...some]));
}

function listCodes(system: CodeSystem | undefined): string[] | undefined {
  if (system === undefined || system.content !== 'complete') return undefined;
  const walk = (concepts: CodeSystem['concept']): string[] =>
    (concepts ?? []).flatMap((concept) => [concept.code, ...walk(concept.concept)]);
  return walk(system.concept);
}
