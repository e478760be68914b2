import { type Element, type Structure, structureOf } from './structure.ts';

type Members = Record<string, unknown>;

/** `_summary` (R4 3.1.1.5.8; `count` is the search's own affair) or `_elements` (R4 3.1.1.5.9). */
export type SummaryMode =
  { readonly summary: 'true' | 'text' | 'data' | 'false' } | { readonly elements: readonly string[] };

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' } as const;

/**
 * The part of a resource that was asked for, tagged SUBSETTED. Mandatory and modifying elements always stay, so that
 * what is left is valid and means the same. Works on the exact tree too; shares what it keeps, changes nothing.
 */
export function summarise(value: unknown, mode: SummaryMode): unknown {
  const resource = value as Members;
  const structure = structureOf(String(resource['resourceType']));
  if (structure === undefined || ('summary' in mode && mode.summary === 'false')) return value;
  return tagged(pick(resource, structure, keeper(mode, structure)));
}

type Keep = (element: Element) => 'whole' | 'summary' | 'no';

function keeper(mode: SummaryMode, { name: type }: Structure): Keep {
  const basic = ({ name, required, modifier }: Element): boolean =>
    name === 'id' || name === 'meta' || required || modifier;
  if ('elements' in mode) {
    const wanted = new Set(
      mode.elements.map((name) => (name.startsWith(`${type}.`) ? name.slice(type.length + 1) : name)),
    );
    // `valueQuantity` is how the element stands in JSON, `value` is its name; people ask for either.
    const asked = ({ name, types }: Element): boolean => wanted.has(name) || types.some(({ key }) => wanted.has(key));
    return (element) => (asked(element) || basic(element) ? 'whole' : 'no');
  }
  switch (mode.summary) {
    case 'text':
      return (element) => (element.name === 'text' || basic(element) ? 'whole' : 'no');
    case 'data':
      return ({ name }) => (name === 'text' ? 'no' : 'whole');
    default:
      return (element) => (element.summary || basic(element) ? 'summary' : 'no');
  }
}

function pick(value: Members, structure: Structure, keep: Keep): Members {
  const kept: Members = {};
  const elements = elementsByKey(structure);
  for (const key in value) {
    const element = elements.get(key.charCodeAt(0) === 0x5f ? key.slice(1) : key);
    if (key === 'resourceType') kept[key] = value[key];
    if (element === undefined) continue;
    const how = keep(element);
    if (how === 'whole') kept[key] = value[key];
    // Data types are kept whole; a backbone element has elements of its own that are, or are not, of the summary.
    else if (how === 'summary') kept[key] = inner(value[key], element, keep);
  }
  return kept;
}

function inner(value: unknown, element: Element, keep: Keep): unknown {
  const type = element.types[0]!.name;
  const structure = type.includes('.') ? structureOf(type) : undefined;
  if (structure === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => inner(item, element, keep));
  return typeof value === 'object' && value !== null ? pick(value as Members, structure, keep) : value;
}

const byKey = new Map<string, ReadonlyMap<string, Element>>();

function elementsByKey(structure: Structure): ReadonlyMap<string, Element> {
  const known = byKey.get(structure.name);
  if (known !== undefined) return known;
  const made = new Map(
    structure.elements.flatMap((element) => element.types.map(({ key }): [string, Element] => [key, element])),
  );
  byKey.set(structure.name, made);
  return made;
}

function tagged(resource: Members): Members {
  const meta = (resource['meta'] ?? {}) as Members;
  const tags = Array.isArray(meta['tag']) ? (meta['tag'] as Members[]) : [];
  if (tags.some((tag) => tag['code'] === SUBSETTED.code && tag['system'] === SUBSETTED.system)) return resource;
  const { resourceType, id, meta: _, ...rest } = resource;
  return {
    resourceType,
    ...(id === undefined ? {} : { id }),
    meta: { ...meta, tag: [...tags, SUBSETTED] },
    ...rest,
  };
}
