import { describe, expect, it } from '@jest/globals';
import {
  compartmentParameters,
  forEachReference,
  isElementName,
  parseReference,
  referencePaths,
  RESOURCE_TYPES,
  rewriteLinks,
  structureNames,
  structureOf,
  SUBJECT_ELEMENTS,
  subjectOf,
} from '../../src/model/index.ts';

describe('the table of elements', () => {
  it('has every type, and every type that an element names', () => {
    const primitives = /^[a-z]/;
    for (const name of structureNames()) {
      for (const { types } of structureOf(name)!.elements) {
        for (const type of types) {
          if (primitives.test(type.name) || type.name === 'Resource') continue;
          expect([name, type.name, structureOf(type.name)?.name]).toEqual([name, type.name, type.name]);
        }
      }
    }
    expect(RESOURCE_TYPES).toHaveLength(146);
    for (const type of RESOURCE_TYPES) expect(structureOf(type)?.elements.length).toBeGreaterThan(0);
  });

  it('says what R4 says of an element', () => {
    const element = (type: string, name: string) => structureOf(type)?.elements.find((one) => one.name === name);
    expect(element('Observation', 'status')).toEqual({
      name: 'status',
      types: [{ name: 'code', key: 'status' }],
      choice: false,
      list: false,
      required: true,
      summary: true,
      modifier: true,
      binding: 'observation-status',
    });
    expect(element('Patient', 'deceased')).toMatchObject({
      choice: true,
      types: [{ key: 'deceasedBoolean' }, { key: 'deceasedDateTime' }],
    });
    expect(element('Patient', 'managingOrganization')?.types[0]?.targets).toEqual(['Organization']);
    expect(element('EvidenceVariable.characteristic', 'participantEffective')?.types).toHaveLength(4);
    expect(element('Meta', 'project')).toBeUndefined();
    expect(element('Observation.component', 'referenceRange')?.types[0]?.name).toBe('Observation.referenceRange');
  });

  it('knows no name of the prototype', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'Nothing']) {
      expect(structureOf(name)).toBeUndefined();
      expect(compartmentParameters(name)).toEqual([]);
    }
  });

  it('knows which names R4 has', () => {
    for (const name of ['family', 'valueQuantity', '_birthDate', 'resourceType', 'referenceRange'])
      expect(isElementName(name)).toBe(true);
    for (const name of ['Family', 'surname', '__proto__', '', '_']) expect(isElementName(name)).toBe(false);
  });
});

describe('the patient compartment', () => {
  it('is what R4 defines, and Task', () => {
    expect(compartmentParameters('AllergyIntolerance')).toEqual(['patient', 'recorder', 'asserter']);
    expect(compartmentParameters('Organization')).toEqual([]);
    expect(RESOURCE_TYPES.filter((type) => compartmentParameters(type).length > 0)).toHaveLength(66 + 1);
    expect(compartmentParameters('Task')).toEqual(['patient', 'focus']);
  });
});

describe('references', () => {
  const resource = () => ({
    resourceType: 'Observation',
    subject: { reference: 'urn:uuid:1' },
    performer: [{ reference: 'Practitioner/1' }, { display: 'nobody' }],
    instantiatesCanonical: ['urn:uuid:1'],
    extension: [{ url: 'urn:uuid:1', valueReference: { reference: '#p' } }],
    _status: { extension: [{ url: 'http://a.example', valueUri: 'urn:uuid:1' }] },
    code: { coding: [{ system: 'urn:uuid:1', code: 'urn:uuid:1' }], text: 'urn:uuid:1' },
    text: {
      status: 'generated',
      div: '<div><a href="urn:uuid:1">urn:uuid:1</a><img src=\'urn:uuid:1\' alt="x"/></div>',
    },
    contained: [
      { resourceType: 'Group', type: 'person', actual: true, member: [{ entity: { reference: 'Patient/2' } }] },
    ],
    unheard: { reference: 'Patient/3' },
  });

  it('are all found, in contained resources and extensions too', () => {
    const found: string[] = [];
    forEachReference(resource(), ({ value }) => found.push(value));
    expect(found).toEqual(['urn:uuid:1', 'Practitioner/1', '#p', 'Patient/2']);
    for (const nothing of [null, 'a', {}, { resourceType: 'constructor' }, { resourceType: 1 }])
      forEachReference(nothing, () => expect('called').toBe('not'));
  });

  it('are rewritten in references, addresses and narratives, and nowhere else', () => {
    const changed = resource();
    rewriteLinks(changed, (link) => (link === 'urn:uuid:1' ? 'Patient/"1"' : undefined));
    const expected = resource();
    expected.subject.reference = 'Patient/"1"';
    expected.extension[0]!.url = 'Patient/"1"';
    expected._status.extension[0]!.valueUri = 'Patient/"1"';
    expected.code.coding[0]!.system = 'Patient/"1"';
    expected.text.div =
      '<div><a href="Patient/&quot;1&quot;">urn:uuid:1</a><img src=\'Patient/&quot;1&quot;\' alt="x"/></div>';
    expect(changed).toEqual(expected);
  });

  it('are rewritten in lists of addresses', () => {
    const plan = { resourceType: 'CarePlan', instantiatesUri: ['urn:uuid:1', 'urn:uuid:2'] };
    rewriteLinks(plan, (link) => (link === 'urn:uuid:2' ? 'X/1' : undefined));
    expect(plan.instantiatesUri).toEqual(['urn:uuid:1', 'X/1']);
  });

  it.each([
    ['Patient/1', { type: 'Patient', id: '1' }],
    ['Patient/a-B.9/_history/3', { type: 'Patient', id: 'a-B.9', versionId: '3' }],
    ['http://a.example/fhir/Patient/1', { type: 'Patient', id: '1', base: 'http://a.example/fhir/' }],
    ['Nothing/1', undefined],
    ['Patient', undefined],
    ['Patient/', undefined],
    [`Patient/${'x'.repeat(65)}`, undefined],
    ['Patient?name=a', undefined],
    ['#Patient/1', undefined],
    ['urn:uuid:1', undefined],
    ['javascript:Patient/1', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it('have paths', () => {
    expect(referencePaths('Encounter')).toEqual(
      expect.arrayContaining(['subject', 'participant.individual', 'location.location']),
    );
    expect(referencePaths('Questionnaire')).toEqual(expect.arrayContaining(['item.answerOption.valueReference']));
    expect(referencePaths('Nothing')).toEqual([]);
  });
});

describe('whose data a resource is', () => {
  const patient = { reference: 'Patient/p' };

  it('is said for every type, by elements that are references', () => {
    expect(Object.keys(SUBJECT_ELEMENTS).sort()).toEqual([...RESOURCE_TYPES].sort());
    for (const [type, paths] of Object.entries(SUBJECT_ELEMENTS)) {
      for (const path of paths.split(' ').filter((one) => one !== '')) {
        let name = type;
        for (const step of path.replace('>', '').split('.')) {
          name = structureOf(name)?.elements.find((element) => element.name === step)?.types[0]?.name ?? 'none';
        }
        expect([type, path, name]).toEqual([
          type,
          path,
          path.endsWith('.resource') && type !== 'Linkage' ? 'Resource' : 'Reference',
        ]);
      }
    }
  });

  it('is said for every type of the patient compartment but Group, whose members are many', () => {
    const none = RESOURCE_TYPES.filter(
      (type) => compartmentParameters(type).length > 0 && SUBJECT_ELEMENTS[type] === '',
    );
    expect(none).toEqual(['Group', 'Patient']);
  });

  it.each<[string, Record<string, unknown>, { type: string; id: string } | undefined]>([
    ['Patient', { id: 'p' }, { type: 'Patient', id: 'p' }],
    ['Patient', {}, undefined],
    ['Observation', { subject: patient }, { type: 'Patient', id: 'p' }],
    ['Observation', { subject: { reference: 'http://a.example/fhir/Patient/p' } }, { type: 'Patient', id: 'p' }],
    ['Observation', { subject: { reference: 'Group/g' } }, undefined],
    ['Observation', { subject: { reference: 'urn:uuid:1' } }, undefined],
    ['Observation', { subject: { identifier: { value: '1' } } }, undefined],
    ['Observation', { subject: 'Patient/p' }, undefined],
    ['Coverage', { policyHolder: { reference: 'Patient/x' }, beneficiary: patient }, { type: 'Patient', id: 'p' }],
    ['Account', { subject: [{ reference: 'Device/d' }, patient] }, { type: 'Patient', id: 'p' }],
    [
      'Appointment',
      { participant: [{ actor: { reference: 'Practitioner/d' } }, { actor: patient }] },
      { type: 'Patient', id: 'p' },
    ],
    ['Provenance', { target: [{ reference: 'Observation/o' }] }, { type: 'Observation', id: 'o' }],
    ['Provenance', { target: [{ reference: 'Observation/o' }, patient] }, { type: 'Patient', id: 'p' }],
    [
      'Bundle',
      { entry: [{ resource: { resourceType: 'Composition', subject: patient } }] },
      { type: 'Patient', id: 'p' },
    ],
    ['Bundle', { entry: [{ resource: { resourceType: 'Organization' } }] }, undefined],
    ['Organization', { subject: patient }, undefined],
    ['Nothing', { subject: patient }, undefined],
  ])('%s %j', (type, value, expected) => {
    expect(subjectOf(type, value)).toEqual(expected);
  });

  it('is undefined for what is no object', () => {
    for (const value of [null, undefined, 1, 'a', []]) expect(subjectOf('Observation', value)).toBeUndefined();
    expect(subjectOf('Patient', null)).toBeUndefined();
  });
});
