/** Renders R4's search parameters as the compact table that `libs/fhir/src/search/parameters.ts` reads. */
import type { ElementIndex, Typed } from './search-elements.ts';
import { branches, concerns, resolve } from './search-paths.ts';
import type { LeafPath } from './search-paths.ts';

export interface SearchParameter {
  readonly id: string;
  readonly url: string;
  readonly code: string;
  readonly type: string;
  readonly base: readonly string[];
  readonly expression?: string;
  readonly target?: readonly string[];
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
}

/** Which element types a kind of parameter reads (R4 search, 3.1.1.4.5 to 3.1.1.4.13); others are no values of it. */
const READS: Readonly<Record<string, readonly string[]>> = {
  token: [
    'code',
    'boolean',
    'Coding',
    'CodeableConcept',
    'Identifier',
    'ContactPoint',
    'string',
    'id',
    'uri',
    'deceased',
  ],
  string: ['string', 'markdown', 'HumanName', 'Address'],
  date: ['date', 'dateTime', 'instant', 'Period', 'Timing'],
  number: ['integer', 'positiveInt', 'unsignedInt', 'decimal'],
  quantity: ['Quantity', 'SimpleQuantity', 'Age', 'Duration', 'Count', 'Distance', 'Money', 'Range', 'SampledData'],
  reference: ['Reference', 'canonical', 'uri', 'Resource'],
  uri: ['uri', 'url', 'canonical', 'oid', 'uuid'],
  special: ['BackboneElement'],
};

/** R4 pairs these two definitions with each other's expression: the expressions (code, then target) are what is meant. */
const SWAPPED = new Map([
  [
    'DocumentReference-relationship http://hl7.org/fhir/SearchParameter/DocumentReference-relatesto',
    'http://hl7.org/fhir/SearchParameter/DocumentReference-relation',
  ],
  [
    'DocumentReference-relationship http://hl7.org/fhir/SearchParameter/DocumentReference-relation',
    'http://hl7.org/fhir/SearchParameter/DocumentReference-relatesto',
  ],
]);

/** Each type's parameters, one a line; the base types `Resource` and `DomainResource` apart. */
export function searchTable(
  parameters: readonly SearchParameter[],
  types: readonly string[],
  elements: ElementIndex,
): Map<string, string[]> {
  const byUrl = new Map(parameters.map((parameter) => [parameter.url, parameter]));
  const table = new Map<string, string[]>();
  for (const type of ['Resource', 'DomainResource', ...types]) {
    const own = parameters.filter((parameter) => parameter.base.includes(type));
    const lines = own.map((parameter) => line(parameter, type, types.length, byUrl, elements));
    if (lines.length > 0) table.set(type, lines.sort());
  }
  return table;
}

function line(
  parameter: SearchParameter,
  type: string,
  allTypes: number,
  byUrl: Map<string, SearchParameter>,
  elements: ElementIndex,
): string {
  const root: Typed = { type, property: '', path: type };
  const own =
    parameter.expression === undefined ? [] : branches(parameter.expression).filter((branch) => concerns(branch, type));
  if (parameter.expression !== undefined && own.length === 0)
    throw new Error(`No expression of ${parameter.id} for ${type}`);
  const values =
    parameter.type === 'composite'
      ? composite(parameter, own, root, byUrl, elements)
      : [leaves(own, parameter.type, root, type, elements)];
  const { target = [] } = parameter;
  const targets = target.length === 0 ? '' : `>${target.length >= allTypes - 3 ? '*' : [...target].sort().join(',')}`;
  const id = parameter.id === `${type}-${parameter.code}` ? '' : `~${parameter.id}`;
  return [parameter.code, parameter.type, ...values, targets, id].filter((part) => part !== '').join(' ');
}

function leaves(
  expressions: readonly string[],
  kind: string,
  root: Typed,
  type: string,
  elements: ElementIndex,
): string {
  const found = expressions
    .flatMap((expression) => resolve(expression, root, type, elements))
    .filter((leaf) => READS[kind]?.includes(leaf.type));
  if (found.length === 0 && expressions.length > 0)
    throw new Error(`Nothing a ${kind} can read: ${expressions.join(' | ')}`);
  return [...new Set(found.map(leafText))].join('|');
}

const leafText = (leaf: LeafPath): string =>
  `${leaf.path}:${leaf.type}${leaf.only === undefined ? '' : `!${leaf.only}`}${leaf.system === undefined ? '' : `@${leaf.system}`}`;

/** `$<root paths>`, then `<name>/<kind>/<leaves>` a component; a leaf that starts with `%` is read from the resource. */
function composite(
  parameter: SearchParameter,
  own: readonly string[],
  root: Typed,
  byUrl: Map<string, SearchParameter>,
  elements: ElementIndex,
): string[] {
  const type = root.type;
  const roots = own.map((expression) => rootOf(expression, root, type, elements));
  const components = (parameter.component ?? []).map(({ definition, expression }) => {
    const part = byUrl.get(SWAPPED.get(`${parameter.id} ${definition}`) ?? definition);
    if (!part) throw new Error(`No such component: ${definition}`);
    const outside = expression.startsWith('%resource.');
    const plain = outside ? expression.slice('%resource.'.length) : expression;
    const at = outside ? root : roots[0]!.at;
    // A combination over several roots reads the same elements in each; R4 has Observation and its components.
    const text = leaves(branches(plain), part.type, at, type, elements);
    return `${part.code}/${part.type}/${outside ? `%${text}` : text}`;
  });
  return [`$${roots.map(({ path }) => path).join('|')}`, ...components];
}

function rootOf(
  expression: string,
  root: Typed,
  type: string,
  elements: ElementIndex,
): { readonly at: Typed; readonly path: string } {
  let at = root;
  const path = expression.split('.').slice(1);
  for (const name of path) at = elements.member(at, name)[0]!;
  if (expression.split('.')[0] !== type) throw new Error(`Not a path of ${type}: ${expression}`);
  return { at, path: path.join('.') };
}
