import { describe, expect, it } from '@jest/globals';
import { type Issue, ISSUES, validateResource, warmValidation } from '../../src/validation/index.ts';

type Json = Record<string, unknown>;

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', ...more });
const observation = (more: Json = {}): Json => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'pulse' },
  ...more,
});
const extension = { url: 'http://example.org/why', valueString: 'unknown' };

const found = (value: unknown): string[] =>
  validateResource(value).map(({ messageCode, expression }) => `${messageCode} ${expression}`);
const broken = (value: unknown): string[] =>
  validateResource(value).map(({ diagnostics, expression }) => `${diagnostics.split(':')[0]!} ${expression}`);

describe('a sound resource', () => {
  it.each<[string, Json]>([
    ['with nothing but its type', patient()],
    [
      'with every kind of element',
      patient({ id: 'a.B-9', active: false, name: [{ given: ['A', 'B'], family: 'C' }], birthDate: '1970-02-28' }),
    ],
    ['with an extension in place of a value', patient({ _birthDate: { extension: [extension] } })],
    [
      'with an extension beside a value',
      patient({ birthDate: '1970', _birthDate: { id: 'b', extension: [extension] } }),
    ],
    ['with an id alone beside a value', patient({ birthDate: '1970', _birthDate: { id: 'b' } })],
    [
      'with holes in a list that extensions fill',
      patient({ name: [{ given: [null, 'B'], _given: [{ extension: [extension] }, null] }] }),
    ],
    [
      'with extensions for the first of a list only',
      patient({ name: [{ given: ['A', 'B'], _given: [{ extension: [extension] }] }] }),
    ],
    [
      'with a mandatory element that has an extension only',
      observation({ status: undefined, _status: { extension: [extension] } }),
    ],
    ['with one choice', observation({ valueQuantity: { value: 1.5, unit: 'g' } })],
    ['with a choice and its extension', observation({ valueString: 'a', _valueString: { extension: [extension] } })],
    ['with a choice that has an extension only', observation({ _valueString: { extension: [extension] } })],
    [
      'with a contained resource',
      observation({ subject: { reference: '#p' }, contained: [{ resourceType: 'Patient', id: 'p' }] }),
    ],
    [
      'with a reference to a bundle entry',
      observation({ subject: { reference: 'urn:uuid:0a8b5cd3-7ff4-4bd9-a7a8-b55f19f8a8e7' } }),
    ],
    ['with a reference by identifier', observation({ subject: { identifier: { value: '1' } } })],
    [
      'with a nested extension',
      patient({ extension: [{ url: 'http://a.example', extension: [{ url: 'b', valueCode: 'c' }] }] }),
    ],
    ['with a bound code', patient({ gender: 'female' })],
    [
      'with a leap second and a leap day',
      observation({ effectiveDateTime: '2016-12-31T23:59:60Z', issued: '2024-02-29T00:00:00.123+14:00' }),
    ],
  ])('%s', (_, resource) => {
    expect(found(JSON.parse(JSON.stringify(resource)))).toEqual([]);
  });
});

describe('structure', () => {
  it.each<[string, unknown, string[]]>([
    ['no object', 'Patient', ['not-an-object Resource']],
    ['an array', [patient()], ['not-an-object Resource']],
    ['null', null, ['not-an-object Resource']],
    ['no type', { id: 'a' }, ['unknown-resource-type Resource']],
    ['a type that R4 does not have', { resourceType: 'SubscriptionStatus' }, ['unknown-resource-type Resource']],
    ['an abstract type', { resourceType: 'DomainResource' }, ['unknown-resource-type Resource']],
    ['a type from the prototype', { resourceType: 'constructor' }, ['unknown-resource-type Resource']],
    ['an element of another type', patient({ status: 'final' }), ['unknown-element Patient.status']],
    ['an element that R4 has nowhere', patient({ 'Jane Doe': 1 }), ['unknown-element Patient.children()[1]']],
    [
      'a key of the prototype',
      JSON.parse('{"resourceType":"Patient","__proto__":{"active":true}}'),
      ['unknown-element Patient.children()[1]'],
    ],
    ['constructor', patient({ constructor: 'x' }), ['unknown-element Patient.children()[1]']],
    [
      'an element of the package but not of R4',
      patient({ meta: { project: 'p' } }),
      ['unknown-element Patient.meta.children()[0]'],
    ],
    ['one where many are', patient({ name: { family: 'A' } }), ['not-an-array Patient.name']],
    ['many where one is', patient({ birthDate: ['1970'] }), ['not-repeating Patient.birthDate']],
    ['a text for an object', patient({ name: ['A'] }), ['not-an-object Patient.name[0]']],
    ['an array in an array', patient({ name: [[{ family: 'A' }]] }), ['not-an-object Patient.name[0]']],
    ['an empty array', patient({ name: [] }), ['empty-array Patient.name']],
    ['an empty object', patient({ name: [{}] }), ['empty-object Patient.name[0]']],
    ['an object with an id alone', patient({ name: [{ id: 'a' }] }), ['empty-object Patient.name[0]']],
    ['null', patient({ active: null }), ['null-value Patient.active']],
    ['null for an object', patient({ maritalStatus: null }), ['null-value Patient.maritalStatus']],
    ['null in a list', patient({ name: [{ given: ['A', null] }] }), ['null-value Patient.name[0].given[1]']],
    [
      'null on both sides',
      patient({ name: [{ given: [null], _given: [null] }] }),
      ['null-value Patient.name[0].given[0]', 'null-value Patient.name[0].given[0]'],
    ],
    ['an extension of nothing but an id', patient({ _birthDate: { id: 'x' } }), ['empty-object Patient.birthDate']],
    [
      'extensions of a list that are no list',
      patient({ name: [{ _given: { extension: [extension] } }] }),
      ['not-an-array Patient.name[0].given'],
    ],
    [
      'extensions of one element as a list',
      patient({ _birthDate: [{ extension: [extension] }] }),
      ['not-repeating Patient.birthDate'],
    ],
    ['an empty text', patient({ language: '' }), ['bad-value Patient.language']],
    ['a number for a text', patient({ name: [{ family: 1 }] }), ['wrong-json-type Patient.name[0].family']],
    ['a text for a boolean', patient({ active: 'true' }), ['wrong-json-type Patient.active']],
    ['a text for a number', patient({ multipleBirthInteger: '2' }), ['wrong-json-type Patient.multipleBirth']],
    ['two choices', patient({ deceasedBoolean: true, deceasedDateTime: '2020' }), ['two-choices Patient.deceased']],
    [
      'a choice and the extension of another',
      patient({ deceasedBoolean: true, _deceasedDateTime: { extension: [extension] } }),
      ['two-choices Patient.deceased'],
    ],
    ['a choice of a type that is none', patient({ deceasedString: 'yes' }), ['unknown-element Patient.deceasedString']],
    [
      'no mandatory element',
      { resourceType: 'Observation' },
      ['missing-element Observation.status', 'missing-element Observation.code'],
    ],
    [
      'no mandatory choice',
      { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject: { reference: 'Patient/1' } },
      ['missing-element MedicationRequest.medication'],
    ],
    [
      'no mandatory element deep within',
      patient({ communication: [{ preferred: true }] }),
      ['missing-element Patient.communication[0].language'],
    ],
    [
      'a comparator where none may stand',
      observation({ referenceRange: [{ low: { value: 1, comparator: '<' } }] }),
      ['invariant-broken Observation.referenceRange[0].low'],
    ],
  ])('refuses %s', (_, resource, expected) => {
    expect(found(resource)).toEqual(expected);
  });

  it('checks contained resources and entries as resources of their own', () => {
    const bad = { resourceType: 'Patient', id: 'p', active: 'yes' };
    expect(found(observation({ subject: { reference: '#p' }, contained: [bad] }))).toEqual([
      'wrong-json-type Observation.contained[0].active',
    ]);
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient() }, { resource: bad }] };
    expect(found(bundle)).toEqual(['wrong-json-type Bundle.entry[1].resource.active']);
    expect(found({ ...bundle, entry: [{ resource: { id: 'x' } }] })).toEqual([
      'unknown-resource-type Bundle.entry[0].resource',
    ]);
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'a', resource: bad }] };
    expect(found(parameters)).toEqual(['wrong-json-type Parameters.parameter[0].resource.active']);
  });

  it('notes every fault once, up to a limit', () => {
    const names = Array.from({ length: 200 }, () => ({ family: 1 }));
    expect(validateResource(patient({ name: names }))).toHaveLength(51);
    expect(validateResource(patient({ name: names }), { maxIssues: 3 }).map(({ messageCode }) => messageCode)).toEqual([
      ...Array.from({ length: 3 }, () => 'wrong-json-type'),
      'too-many-issues',
    ]);
  });

  it('can be told the type and the place', () => {
    expect(found(patient())).toEqual([]);
    expect(validateResource(patient(), { type: 'Observation' })).toMatchObject([
      { messageCode: 'unexpected-resource-type', expression: 'Patient' },
    ]);
    expect(validateResource(patient({ active: 1 }), { expression: 'Bundle.entry[3].resource' })[0]?.expression).toBe(
      'Bundle.entry[3].resource.active',
    );
  });

  it('tells no value', () => {
    const secret = 'Xyzzy Plugh';
    const issues = validateResource(
      patient({ gender: secret, birthDate: secret, [secret]: secret, name: [{ [secret]: 1 }], active: secret }),
    );
    expect(issues).toHaveLength(5);
    expect(JSON.stringify(issues)).not.toContain('Xyzzy');
  });

  it('is not slowed down by breadth', () => {
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 1]));
    expect(validateResource(patient(wide))).toHaveLength(51);
  });
});

describe('primitive formats', () => {
  const at = (type: string, value: unknown): Issue[] => [
    ...validateResource(
      patient({ extension: [{ url: 'http://a.example', [`value${type[0]!.toUpperCase()}${type.slice(1)}`]: value }] }),
    ),
  ];

  it.each<[string, unknown[], unknown[]]>([
    [
      'date',
      ['2023', '2023-12', '2024-02-29', '0001-01-01', '2000-02-29'],
      [
        '2023-02-30',
        '2023-02-29',
        '1900-02-29',
        '2023-13',
        '2023-00',
        '2023-1-1',
        '23',
        '0000',
        '2023-01-01T00:00:00Z',
        '2023-12-',
        ' 2023',
        '20231',
        '２０２３',
      ],
    ],
    [
      'dateTime',
      ['2023', '2023-01-31', '2023-01-31T23:59:59Z', '2023-01-31T23:59:59.123456789-05:00'],
      [
        '2023-01-31T23:59Z',
        '2023-01-31T23:59:59',
        '2023-01-31T24:00:00Z',
        '2023-02-30T00:00:00Z',
        '2023-01-31T00:00:00+15:00',
        '2023-01T00:00:00Z',
        '2023-01-31 00:00:00Z',
        '2023-01-31T00:00:00z',
        '2023-01-31T00:00:00.Z',
      ],
    ],
    ['instant', ['2023-01-31T23:59:59Z'], ['2023', '2023-01-31', '2023-04-31T00:00:00Z']],
    ['time', ['00:00:00', '23:59:60.5'], ['24:00:00', '12:00', '12:00:00Z', '12:60:00']],
    ['id', ['a', 'A-z.9', 'x'.repeat(64)], ['x'.repeat(65), '', 'a b', 'a_b', 'ä', 'a/b']],
    ['code', ['a', 'a b', '<='], ['', ' a', 'a ', 'a  b', '\ta']],
    ['uri', ['http://a.example/b', 'urn:oid:1.2', 'a'], ['', 'a b', 'a\u00a0b']],
    ['url', ['http://a.example'], ['a b']],
    ['canonical', ['http://a.example|1'], [' ']],
    ['oid', ['urn:oid:1.2.840', 'urn:oid:0.0'], ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02', 'urn:oid:1']],
    [
      'uuid',
      ['urn:uuid:0a8b5cd3-7ff4-4bd9-a7a8-b55f19f8a8e7'],
      ['0a8b5cd3-7ff4-4bd9-a7a8-b55f19f8a8e7', 'urn:uuid:0A8B5CD3-7FF4-4BD9-A7A8-B55F19F8A8E7'],
    ],
    ['integer', [0, -2147483648, 2147483647], [2147483648, -2147483649, 1.5, '1', true]],
    ['positiveInt', [1], [0, -1, 1.5]],
    ['unsignedInt', [0, 1], [-1, 0.5]],
    ['decimal', [0, -1.5, 1e300], [Number.POSITIVE_INFINITY, '1.0']],
    ['boolean', [true, false], ['true', 1, 0]],
    ['string', ['a', ' ', 'a\nb', '😀'], ['', 1, 'x'.repeat(1024 * 1024 + 1)]],
    ['markdown', ['# a\n'], ['']],
    ['base64Binary', ['YQ==', 'YWJj', 'YW Jj\nYWJj'], ['', 'YQ', 'YQ=', 'Y===', 'a*==', 'YQ==YQ==']],
  ])('%s', (type, good, bad) => {
    for (const value of good) expect([value, at(type, value)]).toEqual([value, []]);
    for (const value of bad) expect([value, at(type, value).length]).toEqual([value, 1]);
  });

  it('reads a large attachment in linear time', () => {
    const photo = (data: string): Json => patient({ photo: [{ contentType: 'image/png', data }] });
    expect(found(photo('QUJD'.repeat(250_000)))).toEqual([]);
    expect(found(photo(`${'QUJD'.repeat(250_000)}!`))).toEqual(['bad-value Patient.photo[0].data']);
    expect(found(photo(`${' A'.repeat(250_000)}!`))).toEqual(['bad-value Patient.photo[0].data']);
  });
});

describe('required bindings', () => {
  it('refuse a code outside the value set', () => {
    expect(found(patient({ gender: 'F' }))).toEqual(['code-not-bound Patient.gender']);
    expect(found(patient({ name: [{ use: 'constructor' }] }))).toEqual(['code-not-bound Patient.name[0].use']);
  });

  it('check codes in lists and deep within', () => {
    const timing = {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/1' },
      occurrenceTiming: { repeat: { dayOfWeek: ['mon', 'Tue'] } },
    };
    expect(found(timing)).toEqual(['code-not-bound ServiceRequest.occurrence.repeat.dayOfWeek[1]']);
  });

  it('ask a CodeableConcept for one coding of the value set, of its system', () => {
    const system = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
    const condition = (clinicalStatus: Json): Json => ({
      resourceType: 'Condition',
      subject: { reference: 'Patient/1' },
      clinicalStatus,
    });
    expect(
      found(
        condition({
          coding: [
            { system: 'http://local.example', code: 'x' },
            { system, code: 'active' },
          ],
        }),
      ),
    ).toEqual([]);
    for (const bad of [{ text: 'active' }, { coding: [{ system, code: 'gone' }] }, { coding: [{ code: 'active' }] }]) {
      expect(found(condition(bad))).toEqual(['code-not-bound Condition.clinicalStatus']);
    }
  });
});

describe('references', () => {
  const subject = (reference: string): string[] => found(observation({ subject: { reference } }));

  it.each([
    'Patient/1',
    'http://a.example/fhir/Patient/1',
    'Patient/1/_history/2',
    'Patient?identifier=a|b',
    'urn:oid:1.2',
    'http://a.example/x',
    'Group/1',
  ])('may be %s', (reference) => {
    expect(subject(reference)).toEqual([]);
  });

  it.each([
    'Practitioner/1',
    'http://a.example/fhir/Practitioner/1',
    'Practitioner?name=a',
    'Observation/1/_history/2',
  ])('may not be %s', (reference) => {
    expect(subject(reference)).toEqual(['wrong-target Observation.subject']);
  });
});

describe('invariants that are built in', () => {
  it.each<[string, Json, string[]]>([
    ['ext-1', patient({ extension: [{ url: 'http://a.example' }] }), ['ext-1 Patient.extension[0]']],
    [
      'ext-1',
      patient({ extension: [{ url: 'http://a.example', valueCode: 'a', extension: [extension] }] }),
      ['ext-1 Patient.extension[0]'],
    ],
    ['ref-1', observation({ subject: { reference: '#p' } }), ['ref-1 Observation.subject']],
    [
      'dom-2',
      observation({
        subject: { reference: '#p' },
        contained: [
          {
            resourceType: 'Patient',
            id: 'p',
            generalPractitioner: [{ reference: '#g' }],
            contained: [{ resourceType: 'Organization', id: 'g', name: 'G' }],
          },
        ],
      }),
      ['dom-2 Observation', 'ref-1 Observation.contained[0].generalPractitioner[0]'],
    ],
    ['dom-3', observation({ contained: [{ resourceType: 'Patient', id: 'p' }] }), ['dom-3 Observation']],
    [
      'dom-4',
      observation({
        subject: { reference: '#p' },
        contained: [{ resourceType: 'Patient', id: 'p', meta: { versionId: '1' } }],
      }),
      ['dom-4 Observation'],
    ],
    [
      'dom-5',
      observation({
        subject: { reference: '#p' },
        contained: [{ resourceType: 'Patient', id: 'p', meta: { security: [{ code: 'R' }] } }],
      }),
      ['dom-5 Observation'],
    ],
    [
      'per-1',
      observation({ effectivePeriod: { start: '2020-02-01', end: '2020-01-31' } }),
      ['per-1 Observation.effective'],
    ],
    [
      'per-1',
      observation({ effectivePeriod: { start: '2020-01-01T00:00:00+02:00', end: '2019-12-31T21:59:59Z' } }),
      ['per-1 Observation.effective'],
    ],
  ])('%s', (_, resource, expected) => {
    expect(broken(resource).sort()).toEqual(expected);
  });

  it('take a contained resource that refers to its container', () => {
    const list = {
      resourceType: 'Provenance',
      id: 'v',
      target: [{ reference: '#' }],
      recorded: '2020-01-01T00:00:00Z',
      agent: [{ who: { display: 'a' } }],
    };
    expect(found(observation({ contained: [list] }))).toEqual([]);
  });

  it('leave dates of different precision undecided', () => {
    expect(found(observation({ effectivePeriod: { start: '2020-02-01', end: '2020-02' } }))).toEqual([]);
    expect(broken(observation({ effectivePeriod: { start: '2020-02-01', end: '2020-01' } }))).toEqual([
      'per-1 Observation.effective',
    ]);
  });
});

describe('the catalogue of issues', () => {
  it('is what issues are made of', () => {
    const [first] = validateResource(patient({ active: 1 }));
    expect(first).toEqual({
      severity: 'error',
      code: 'structure',
      expression: 'Patient.active',
      messageCode: 'wrong-json-type',
      diagnostics: ISSUES['wrong-json-type'][1],
    });
  });
});

describe('warming', () => {
  it('takes all types, and names that are none', () => {
    expect(() => warmValidation()).not.toThrow();
    expect(() => warmValidation(['Nothing'])).not.toThrow();
  });
});
