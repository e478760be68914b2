import { RESOURCE_TYPES } from '../generated/resource-types.ts';
import { SEARCH_PARAMETERS } from '../generated/search-parameters.ts';

export { RESOURCE_TYPES };

/**
 * The search parameters that R4 defines, read from the generated table.
 *
 * A line is `<name> <kind> <leaves> [><targets>] [~<definition id>]`. Leaves are joined by `|`, each
 * `<path>:<element type>[!<only references to this type>][@<implied code system>]`; a path's segment may carry
 * `?<member>=<value>` or `[0]`. A composite has `$<roots>` and then `<name>/<kind>/<leaves>` for each component; a
 * component that starts with `%` is read from the resource instead of the root.
 */
export type SearchKind =
  'token' | 'string' | 'date' | 'number' | 'quantity' | 'reference' | 'uri' | 'composite' | 'special';

export interface Leaf {
  readonly path: string;
  /** The FHIR type of the element. */
  readonly type: string;
  readonly only?: string;
  readonly system?: string;
}

export interface Component {
  readonly name: string;
  readonly kind: SearchKind;
  readonly leaves: readonly Leaf[];
  /** Read from the resource, not from the composite's root. */
  readonly outside: boolean;
  /** What the component's entries are called: `<composite>$<component>`. */
  readonly param: string;
}

export interface SearchParameter {
  readonly name: string;
  readonly kind: SearchKind;
  readonly leaves: readonly Leaf[];
  /** Of a reference: the types it may point at; R4's `Any` is every type. */
  readonly targets: readonly string[];
  /** Whether the targets are R4's `Any`. */
  readonly anyTarget: boolean;
  /** The canonical URL of the definition. */
  readonly definition: string;
  /** Of a composite: where its values are, as paths from the resource. */
  readonly roots: readonly string[];
  readonly components: readonly Component[];
  /** Tokens are compared without case (R4 search 3.1.1.4.10) unless the element is a plain string, id or uri. */
  readonly caseSensitive: boolean;
}

const CASE_SENSITIVE = new Set(['string', 'id', 'uri']);
const NOT_DOMAIN = new Set(['Binary', 'Bundle', 'Parameters']);
const types: ReadonlySet<string> = new Set(RESOURCE_TYPES);
const cache = new Map<string, ReadonlyMap<string, SearchParameter>>();

/** Whether R4 has a resource type of this name. */
export const isResourceType = (type: string): boolean => types.has(type);

/** Every parameter of the type by name, those of Resource and DomainResource included. */
export function searchParameters(type: string): ReadonlyMap<string, SearchParameter> {
  let found = cache.get(type);
  if (!found) {
    if (!types.has(type)) return new Map();
    const groups = ['Resource', ...(NOT_DOMAIN.has(type) ? [] : ['DomainResource']), type];
    const lines = groups.flatMap((group) => (SEARCH_PARAMETERS[group] ?? []).map((line) => parseLine(line, group)));
    found = new Map(lines.map((parameter) => [parameter.name, parameter]));
    cache.set(type, found);
  }
  return found;
}

export const searchParameter = (type: string, name: string): SearchParameter | undefined =>
  searchParameters(type).get(name);

function parseLine(line: string, type: string): SearchParameter {
  const [name = '', kind = '', ...rest] = line.split(' ');
  const targets = rest.find((part) => part.startsWith('>'))?.slice(1);
  const id = rest.find((part) => part.startsWith('~'))?.slice(1) ?? `${type}-${name}`;
  const values = rest.filter((part) => !part.startsWith('>') && !part.startsWith('~'));
  const composite = kind === 'composite';
  const leaves = composite ? [] : parseLeaves(values[0] ?? '');
  return {
    name,
    kind: kind as SearchKind,
    leaves,
    targets: targets === '*' ? RESOURCE_TYPES : (targets?.split(',') ?? []),
    anyTarget: targets === '*',
    definition: `http://hl7.org/fhir/SearchParameter/${id}`,
    roots: composite ? (values[0] ?? '$').slice(1).split('|') : [],
    components: composite ? values.slice(1).map((text) => parseComponent(text, name)) : [],
    caseSensitive: leaves.some((leaf) => CASE_SENSITIVE.has(leaf.type)),
  };
}

function parseComponent(text: string, composite: string): Component {
  const first = text.indexOf('/');
  const second = text.indexOf('/', first + 1);
  const name = text.slice(0, first);
  const outside = text[second + 1] === '%';
  const leaves = parseLeaves(text.slice(second + (outside ? 2 : 1)));
  return { name, kind: text.slice(first + 1, second) as SearchKind, leaves, outside, param: `${composite}$${name}` };
}

function parseLeaves(text: string): Leaf[] {
  return text === '' ? [] : text.split('|').map(parseLeaf);
}

function parseLeaf(text: string): Leaf {
  const [, path = '', type = '', only, system] = /^([^:]*):([A-Za-z]+)(?:!([A-Za-z]+))?(?:@(.+))?$/.exec(text) ?? [];
  return { path, type, ...(only === undefined ? {} : { only }), ...(system === undefined ? {} : { system }) };
}
