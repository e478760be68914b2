import { valueSetName } from './value-sets.ts';
import type { ElementDefinition, StructureDefinition } from './source.ts';

/**
 * The element table: for each data type, resource and backbone element one line, which names its elements as
 * `name:types`, then `!` (1..1), `+` (1..*) or `*` (0..*), `=value-set` for a required binding that can be
 * checked, `^` when the element belongs to the summary, `?` when it modifies what others mean. Types are separated by `|`; a reference names its targets:
 * `Reference(Patient,Group)`. The name of a choice ends in `[x]`.
 */
export function structureLines(
  structures: readonly StructureDefinition[],
  checkable: ReadonlySet<string>,
): Map<string, string> {
  const lines = new Map<string, string>();
  for (const structure of structures) {
    if (structure.kind === 'primitive-type') continue;
    const elements = structure.snapshot.element.map((e) => renamed(e, structure));
    const parents = new Set(elements.map(({ path }) => path.slice(0, path.lastIndexOf('.'))));
    for (const element of elements) {
      const parent = element.path.slice(0, element.path.lastIndexOf('.'));
      if (!element.path.includes('.')) continue;
      const text = elementText(element, parents.has(element.path), structure, checkable);
      lines.set(parent, lines.has(parent) ? `${lines.get(parent)!} ${text}` : text);
    }
  }
  return new Map([...lines].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** SimpleQuantity is a profile, whose elements are named for Quantity. */
function renamed(element: ElementDefinition, { name }: StructureDefinition): ElementDefinition {
  return name === 'SimpleQuantity' ? { ...element, path: element.path.replace(/^Quantity/, name) } : element;
}

function elementText(
  element: ElementDefinition,
  isBackbone: boolean,
  structure: StructureDefinition,
  checkable: ReadonlySet<string>,
): string {
  const name = element.path.slice(element.path.lastIndexOf('.') + 1);
  const types = isBackbone ? [element.path] : typesOf(element, structure);
  const cardinality = element.max === '*' ? (element.min > 0 ? '+' : '*') : element.min > 0 ? '!' : '';
  const set = element.binding?.strength === 'required' ? valueSetName(element.binding.valueSet) : undefined;
  const binding = set !== undefined && checkable.has(set) ? `=${set}` : '';
  const flags = (element.isSummary === true ? '^' : '') + (element.isModifier === true ? '?' : '');
  return `${name}:${types.join('|')}${cardinality}${binding}${flags}`;
}

function typesOf(element: ElementDefinition, structure: StructureDefinition): string[] {
  if (element.contentReference !== undefined) return [element.contentReference.replace(/^.*#/, '')];
  return (element.type ?? []).map((type) => {
    if (type.code.startsWith('http://hl7.org/fhirpath/')) return systemType(element.path, structure);
    if (type.profile?.[0]?.endsWith('/SimpleQuantity') === true) return 'SimpleQuantity';
    if (type.code !== 'Reference' || type.targetProfile === undefined) return type.code;
    const targets = type.targetProfile.map((url) => url.slice(url.lastIndexOf('/') + 1)).sort();
    return targets.includes('Resource') ? 'Reference' : `Reference(${targets.join(',')})`;
  });
}

/** Three kinds of element have FHIRPath types in R4: ids of resources, ids of elements, `Extension.url`. */
function systemType(path: string, structure: StructureDefinition): string {
  if (path === 'Extension.url') return 'uri';
  return path === `${structure.name}.id` && structure.kind === 'resource' ? 'id' : 'string';
}
