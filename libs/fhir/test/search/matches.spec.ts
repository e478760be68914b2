import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { extractEntries, matches, normalisedQuery, parseSearch, searchParameters } from '../../src/search/index.ts';
import type { Joins, QueryParams, SearchedDocument } from '../../src/search/index.ts';

const options = { handling: 'strict', now: Date.UTC(2026, 0, 1) } as const;

function document(resource: Record<string, unknown>, subject?: string): SearchedDocument {
  const type = String(resource.resourceType);
  return {
    type,
    id: String(resource.id),
    lastUpdated: Date.UTC(2020, 5, 1),
    entries: extractEntries(type, resource),
    ...(subject === undefined ? {} : { subject }),
  };
}

const store: readonly SearchedDocument[] = [
  {
    resourceType: 'Patient',
    id: 'p1',
    name: [{ family: 'Chalmers', given: ['Peter', 'James'] }, { family: 'Windsor' }],
    birthDate: '1974-12-25',
    gender: 'male',
    managingOrganization: { reference: 'Organization/o1' },
    identifier: [{ system: 'urn:oid:1.2', value: '12345', type: { coding: [{ system: 'http://t', code: 'MR' }] } }],
  },
  {
    resourceType: 'Patient',
    id: 'p2',
    name: [{ family: 'Levin', given: ['Henry'] }],
    birthDate: '1932-09-24',
    deceasedBoolean: true,
  },
  { resourceType: 'Organization', id: 'o1', name: 'Acme Healthcare', partOf: { reference: 'Organization/o2' } },
  { resourceType: 'Organization', id: 'o2', name: 'Acme Group' },
  {
    resourceType: 'Observation',
    id: 'bp',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood pressure' },
    subject: { reference: 'Patient/p1' },
    effectivePeriod: { start: '2013-01-14T10:00:00Z', end: '2013-01-15' },
    component: [
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
        valueQuantity: { value: 107, system: 'http://unitsofmeasure.org', code: 'mm[Hg]', unit: 'mmHg' },
      },
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] },
        valueQuantity: { value: 60, system: 'http://unitsofmeasure.org', code: 'mm[Hg]', unit: 'mmHg' },
      },
    ],
  },
  {
    resourceType: 'Observation',
    id: 'glucose',
    status: 'preliminary',
    code: { coding: [{ system: 'http://loinc.org', code: '15074-8' }] },
    subject: { reference: 'Patient/p2' },
    performer: [{ reference: 'Organization/o1' }],
    effectiveDateTime: '2013-04-02T09:30:10Z',
    valueQuantity: { value: 5.4, system: 'http://unitsofmeasure.org', code: 'mmol/L', unit: 'mmol/l' },
  },
  {
    resourceType: 'Condition',
    id: 'text-only',
    code: { text: 'Headache' },
    subject: { identifier: { system: 's', value: 'v' } },
  },
  { resourceType: 'ValueSet', id: 'v', url: 'http://acme.org/fhir/ValueSet/123', status: 'draft' },
  { resourceType: 'List', id: '42', entry: [{ item: { reference: 'Patient/p2' } }] },
  { resourceType: 'Location', id: 'boston', position: { latitude: 42.36, longitude: -71.06 } },
].map((resource) => document(resource, resource.resourceType === 'Patient' ? resource.id : undefined));

const joins: Joins = {
  find: (type, id) => store.find((one) => one.type === type && one.id === id),
  all: (type) => store.filter((one) => one.type === type),
};

async function found(type: string, query: string): Promise<string[]> {
  const parsed = await parseSearch(type, [...new URLSearchParams(query)], options);
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  const { where } = parsed;
  return store.filter((one) => one.type === type && (!where || matches(where, one, joins))).map(({ id }) => id);
}

describe('what a search finds', () => {
  it.each<[string, string, string[]]>([
    ['Patient', '', ['p1', 'p2']],
    ['Patient', 'name=pet', ['p1']],
    ['Patient', 'name=peter james chal', ['p1']],
    ['Patient', 'name=eter', []],
    ['Patient', 'name:contains=ETER', ['p1']],
    ['Patient', 'family:exact=chalmers', []],
    ['Patient', 'family:exact=Chalmers', ['p1']],
    ['Patient', 'name=nobody,levin', ['p2']],
    ['Patient', 'family=chalmers&family=windsor', ['p1']],
    ['Patient', 'family=chalmers&family=levin', []],
    ['Patient', 'gender:not=male', ['p2']],
    ['Patient', 'gender:missing=true', ['p2']],
    ['Patient', 'gender=http://hl7.org/fhir/administrative-gender|MALE', ['p1']],
    ['Patient', 'deceased=false', ['p1']],
    ['Patient', 'identifier=12345', ['p1']],
    ['Patient', 'identifier=urn:oid:1.2|', ['p1']],
    ['Patient', 'identifier=|12345', []],
    ['Patient', 'identifier:of-type=http://t|MR|12345', ['p1']],
    ['Patient', 'identifier:of-type=http://t|SS|12345', []],
    ['Patient', 'birthdate=1974', ['p1']],
    ['Patient', 'birthdate=1974-12-25', ['p1']],
    ['Patient', 'birthdate=1974-12-25T10:00Z', []],
    ['Patient', 'birthdate=lt1974', ['p2']],
    ['Patient', 'birthdate=ge1932-09-24&birthdate=le1974-12-25', ['p1', 'p2']],
    ['Patient', '_id=p2,nobody', ['p2']],
    ['Patient', '_id:not=p2', ['p1']],
    ['Patient', '_lastUpdated=2020', ['p1', 'p2']],
    ['Patient', '_lastUpdated=gt2020', []],
    ['Patient', 'organization.name=acme', ['p1']],
    ['Patient', 'organization.partof.name=acme g', ['p1']],
    ['Patient', 'organization.name=other', []],
    ['Patient', '_has:Observation:patient:code=http://loinc.org|15074-8', ['p2']],
    ['Patient', '_has:Observation:patient:performer:Organization.name=acme', ['p2']],
    ['Patient', '_has:Observation:subject:status=final,preliminary', ['p1', 'p2']],
    ['Patient', '_list=42', ['p2']],
    ['Observation', 'patient=p1', ['bp']],
    ['Observation', 'subject=Group/p1', []],
    ['Observation', 'subject:Patient.name=peter', ['bp']],
    ['Observation', 'subject.name=peter', ['bp']],
    ['Observation', 'subject:Patient.birthdate=gt1950&subject:Patient.gender=male', ['bp']],
    ['Observation', 'code:text=blood', ['bp']],
    ['Observation', 'component-code-value-quantity=http://loinc.org|8480-6$gt100', ['bp']],
    ['Observation', 'component-code-value-quantity=http://loinc.org|8462-4$gt100', []],
    ['Observation', 'combo-code-value-quantity=8480-6$107,15074-8$5.4', ['bp', 'glucose']],
    ['Observation', 'value-quantity=5.4', ['glucose']],
    ['Observation', 'value-quantity=5.40', ['glucose']],
    ['Observation', 'value-quantity=5', ['glucose']],
    ['Observation', 'value-quantity=5.5', []],
    ['Observation', 'value-quantity=gt5.4', []],
    ['Observation', 'value-quantity=ge5.4', ['glucose']],
    ['Observation', 'value-quantity=ne5.4', []],
    ['Observation', 'value-quantity=ne6', ['glucose']],
    ['Observation', 'value-quantity=ap5||mmol/L', ['glucose']],
    ['Observation', 'value-quantity=5.4||mmol/l', ['glucose']],
    ['Observation', 'value-quantity=5.4|http://unitsofmeasure.org|mmol/L', ['glucose']],
    ['Observation', 'value-quantity=5.4|http://unitsofmeasure.org|mg', []],
    // The period is 2013-01-14T10:00 to the end of 2013-01-15 (R4 search 3.1.1.4.5, examples of prefixes).
    ['Observation', 'date=2013-01-14', []],
    ['Observation', 'date=2013-01', ['bp']],
    ['Observation', 'date=ne2013-01', ['glucose']],
    ['Observation', 'date=gt2013-01-14&date=lt2013-02', ['bp']],
    ['Observation', 'date=sa2013-01-14', ['glucose']],
    ['Observation', 'date=eb2013-01-16', ['bp']],
    ['Observation', 'date=lt2013-01-14T10:00:01Z', ['bp']],
    ['Observation', 'date=ap2013-03-10', ['bp', 'glucose']],
    ['Condition', 'code:missing=false', ['text-only']],
    ['Condition', 'subject:missing=false', ['text-only']],
    ['Condition', 'subject:identifier=s|v', ['text-only']],
    ['ValueSet', 'url:below=http://acme.org/fhir/', ['v']],
    ['ValueSet', 'url:above=http://acme.org/fhir/ValueSet/123/_history/5', ['v']],
    ['ValueSet', 'url=http://acme.org/fhir/', []],
    ['Location', 'near=42.3|-71|20|km', ['boston']],
    ['Location', 'near=40|-71|20|km', []],
    ['Patient', '_type=Observation', []],
  ])('%s?%s', async (type, query, expected) => {
    expect(await found(type, query)).toEqual(expected);
  });

  it('finds documents of the same subject', () => {
    const membership: SearchedDocument = {
      type: 'Membership',
      id: 'm',
      lastUpdated: 0,
      subject: 'p1',
      entries: [{ param: 'facility', kind: 'token', system: '', code: 'f' }],
    };
    const with_: Joins = { ...joins, all: () => [membership] };
    const condition = { subjectOf: { type: 'Membership', where: { param: 'facility', token: { code: 'f' } } } };
    expect(store.filter((one) => matches(condition, one, with_)).map(({ id }) => id)).toEqual(['p1']);
    expect(store.filter((one) => matches({ subject: ['p2'] }, one)).map(({ id }) => id)).toEqual(['p2']);
  });
});

describe('a normalised query', () => {
  it('is one for all orders, and leaves out what shapes the result', () => {
    const a = normalisedQuery('Patient', [
      ['name', 'b,a'],
      ['identifier', 's|1'],
      ['_count', '5'],
      ['_format', 'json'],
    ]);
    expect(
      normalisedQuery('Patient', [
        ['identifier', 's|1'],
        ['name', 'a,b'],
        ['name', 'a,b'],
      ]),
    ).toBe(a);
    expect(
      normalisedQuery('Patient', [
        ['identifier', 's|1'],
        ['name', 'a'],
        ['name', 'b'],
      ]),
    ).not.toBe(a);
    expect(
      normalisedQuery('Person', [
        ['identifier', 's|1'],
        ['name', 'a,b'],
      ]),
    ).not.toBe(a);
    expect(normalisedQuery('Patient', [['name', 'a\\,b']])).not.toBe(normalisedQuery('Patient', [['name', 'a,b']]));
  });
});

describe('any query at all', () => {
  const names = fc.oneof(
    fc.constantFrom(
      ...searchParameters('Observation').keys(),
      '_sort',
      '_count',
      '_include',
      '_revinclude',
      '_elements',
      '_summary',
      '_total',
      '_contained',
      '_type',
      '_has',
      '_list',
    ),
    fc.string(),
  );
  const modifiers = fc.constantFrom(
    '',
    ':missing',
    ':text',
    ':not',
    ':in',
    ':above',
    ':below',
    ':exact',
    ':contains',
    ':identifier',
    ':of-type',
    ':Patient',
    ':iterate',
    ':',
    '.name',
    ':Patient.name',
    '.',
    '..',
    ':Patient._has:Group:member:_id',
  );
  const values = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'a|b',
      '|',
      'a$b',
      '$',
      ',',
      '\\',
      '\\,',
      'gt5',
      'ap2020',
      'eb',
      '2020-02-30',
      'Patient/1',
      'Observation:*',
      '*',
      '-date',
      'true',
      '(a+)+$',
    ),
  );

  it('is read or refused, never thrown at', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(names, modifiers, values), { maxLength: 5 }), async (parts) => {
        const params: QueryParams = parts.map(([name, modifier, value]) => [name + modifier, value]);
        const result = await parseSearch('Observation', params, options);
        if ('issues' in result) expect(result.issues.length).toBeGreaterThan(0);
        else if (result.where) expect(typeof matches(result.where, store[4]!, joins)).toBe('boolean');
        expect(typeof normalisedQuery('Observation', params)).toBe('string');
      }),
      { numRuns: 1_000 },
    );
  });
});
