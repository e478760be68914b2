/** The elements of R4's types, read from its StructureDefinitions: what is where, and of which type. */

export interface Typed {
  readonly type: string;
  /** The JSON property: concrete for a choice (`valueQuantity`). */
  readonly property: string;
  /** Where the element's own children are defined: a type's name or an element path. */
  readonly path: string;
  readonly system?: string;
}

export interface ElementIndex {
  member(at: Typed, name: string): Typed[];
}

export interface ElementDefinition {
  readonly path: string;
  readonly contentReference?: string;
  readonly type?: readonly { readonly code: string }[];
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
}

export interface StructureDefinition {
  readonly resourceType: string;
  readonly type: string;
  readonly derivation?: string;
  readonly snapshot?: { readonly element: readonly ElementDefinition[] };
}

export interface ValueSet {
  readonly url: string;
  readonly compose?: {
    readonly include: readonly { readonly system?: string; readonly valueSet?: readonly string[] }[];
  };
}

const INLINE = new Set(['BackboneElement', 'Element']);

export function indexElements(
  definitions: readonly StructureDefinition[],
  valueSets: readonly ValueSet[],
): ElementIndex {
  const byPath = new Map<string, ElementDefinition>();
  for (const definition of definitions) {
    if (definition.resourceType !== 'StructureDefinition' || definition.derivation === 'constraint') continue;
    for (const element of definition.snapshot?.element ?? []) byPath.set(element.path, element);
  }
  const systems = new Map(valueSets.map((set) => [set.url, onlySystem(set)]));
  return { member: (at, name) => member(byPath, systems, at, name) };
}

function member(
  byPath: Map<string, ElementDefinition>,
  systems: Map<string, string | undefined>,
  at: Typed,
  name: string,
): Typed[] {
  const plain = byPath.get(`${at.path}.${name}`);
  if (plain) return (plain.type ?? [{ code: '' }]).map(({ code }) => typed(plain, code, name, systems));
  const choice = byPath.get(`${at.path}.${name}[x]`);
  return (choice?.type ?? []).map(({ code }) =>
    typed(choice!, code, name + code[0]!.toUpperCase() + code.slice(1), systems),
  );
}

function typed(
  element: ElementDefinition,
  code: string,
  property: string,
  systems: Map<string, string | undefined>,
): Typed {
  if (element.contentReference) return { type: 'BackboneElement', property, path: element.contentReference.slice(1) };
  // `id` elements carry a FHIRPath system type in R4's definitions.
  const type = code.startsWith('http://hl7.org/fhirpath/') ? 'id' : code;
  const valueSet = element.binding?.strength === 'required' ? element.binding.valueSet?.split('|')[0] : undefined;
  const system = type === 'code' && valueSet !== undefined ? systems.get(valueSet) : undefined;
  return { type, property, path: INLINE.has(type) ? element.path : type, ...(system === undefined ? {} : { system }) };
}

/** A code element's system is implied when its value set draws on one code system only. */
function onlySystem(set: ValueSet): string | undefined {
  const include = set.compose?.include ?? [];
  const systems = new Set(include.map(({ system }) => system));
  const [system] = systems;
  return systems.size === 1 && include.every(({ valueSet }) => valueSet === undefined) ? system : undefined;
}
