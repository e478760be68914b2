import { placedConstraints } from './constraints.ts';
import { loadDefinitions, type Definitions } from './source.ts';
import { structureLines } from './structures.ts';
import { requiredBindings } from './value-sets.ts';

const HEADER = '// Generated from the FHIR R4 definitions by tools/fhir-definitions; do not edit.\n\n';

/** The text of each generated file of `libs/fhir/src/generated`, by its name. Without files that others generate. */
export function generate(definitions: Definitions = loadDefinitions()): Map<string, string> {
  const bindings = requiredBindings(definitions);
  return new Map([
    ['resource-types.ts', resourceTypes(definitions)],
    ['structures.ts', structures(definitions, new Set(bindings.sets.keys()))],
    ['value-sets.ts', valueSets(bindings)],
    ['constraints.ts', constraints(definitions)],
    ['compartment.ts', compartment(definitions)],
  ]);
}

const quote = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
const name = (key: string): string => (/^[A-Za-z]+$/.test(key) ? key : quote(key));

function resourceTypes({ structures: all }: Definitions): string {
  const types = all.filter(({ kind }) => kind === 'resource').map((structure) => structure.name);
  const lines = types.sort().map((type) => `  ${quote(type)},\n`);
  return `${HEADER}/** Every concrete resource type of R4. */\nexport const RESOURCE_TYPES = [\n${lines.join('')}] as const;\n`;
}

function structures({ structures: all }: Definitions, checkable: ReadonlySet<string>): string {
  const lines = [...structureLines(all, checkable)].map(([key, text]) => `  ${name(key)}: ${quote(text)},\n`);
  return (
    `${HEADER}// The form of a line is described in src/model/structure.ts.\n\n` +
    `export const STRUCTURES: Readonly<Record<string, string>> = {\n${lines.join('')}};\n`
  );
}

function valueSets({ sets, unlisted }: ReturnType<typeof requiredBindings>): string {
  const lines = [...sets].map(([key, codes]) => {
    const systems = codes.map(([system, some]) => `[${quote(system)}, ${quote(some.join(' '))}]`);
    return `  ${name(key)}: [${systems.join(', ')}],\n`;
  });
  const open = [...unlisted].map(([url, paths]) => `  ${quote(url)}: ${quote(paths.join(' '))},\n`);
  return (
    `${HEADER}/** The codes of each value set that an element is bound to as required: code systems, each with its codes. */\n` +
    `export const VALUE_SETS: Readonly<Record<string, readonly (readonly [system: string, codes: string])[]>> = {\n` +
    `${lines.join('')}};\n\n` +
    `/** Value sets of required bindings that cannot be enumerated, with the elements bound to them. */\n` +
    `export const UNLISTED_VALUE_SETS: Readonly<Record<string, string>> = {\n${open.join('')}};\n`
  );
}

function constraints({ structures: all }: Definitions): string {
  const lines = placedConstraints(all).map(
    ({ key, path, expression, human }) =>
      `  { key: ${quote(key)}, path: ${quote(path)}, expression: ${quote(expression ?? '')}, human: ${quote(human.trim())} },\n`,
  );
  return (
    `${HEADER}/** An invariant of severity error: checked on each instance of the type or element at \`path\`. */\n` +
    `export interface Constraint {\n  readonly key: string;\n  readonly path: string;\n  readonly expression: string;\n` +
    `  readonly human: string;\n}\n\nexport const CONSTRAINTS: readonly Constraint[] = [\n${lines.join('')}];\n`
  );
}

function compartment({ compartment: { resource } }: Definitions): string {
  const lines = resource
    .filter(({ param, code }) => param !== undefined && param.length > 0 && code !== 'DomainResource')
    .map(({ code, param }) => `  ${code}: ${quote(param!.join(' '))},\n`);
  return (
    `${HEADER}/** CompartmentDefinition/patient: the search parameters that place a resource in a patient's compartment. */\n` +
    `export const PATIENT_COMPARTMENT: Readonly<Record<string, string>> = {\n${lines.sort().join('')}};\n`
  );
}
