import { describe, expect, it } from '@jest/globals';
import type { Condition } from '@anamnesis/read-store';
import { parseSearch } from '../../src/search/index.ts';
import type {
  ParsedSearch,
  ParseOptions,
  QueryParams,
  SearchIssue,
  SearchLimits,
  Terminology,
} from '../../src/search/index.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const options: ParseOptions = { handling: 'strict', now: NOW, ownBases: ['http://here.example/fhir'] };

const terminology: Terminology = {
  expand: async (url) =>
    url === 'http://vs'
      ? [
          { system: 'http://s', code: 'A' },
          { system: 'http://s', code: 'b' },
        ]
      : undefined,
  related: async (system, code) =>
    code === 'a'
      ? [
          { system, code },
          { system, code: 'c' },
        ]
      : undefined,
  hierarchy: async (type, param, id) =>
    type === 'Location' && param === 'partof' && id === '1' ? ['1', '2'] : undefined,
};

const pairs = (query: string): QueryParams => (query === '' ? [] : [...new URLSearchParams(query)]);

async function parsed(type: string, query: string, more: Partial<ParseOptions> = {}): Promise<ParsedSearch> {
  const result = await parseSearch(type, pairs(query), { ...options, ...more });
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result;
}

const where = async (type: string, query: string, more: Partial<ParseOptions> = {}): Promise<Condition | undefined> =>
  (await parsed(type, query, more)).where;

async function issues(type: string, query: string, more: Partial<ParseOptions> = {}): Promise<readonly SearchIssue[]> {
  const result = await parseSearch(type, pairs(query), { ...options, ...more });
  return 'issues' in result ? result.issues : [];
}

const date = (prefix: string, low: number, high: number): Condition => ({
  param: 'birthdate',
  range: { prefix, low, high } as never,
});
const instant = Date.UTC(2013, 0, 14);

describe('conditions, by the examples of the R4 search page', () => {
  const cases: readonly (readonly [section: string, type: string, query: string, expected: Condition])[] = [
    // 3.1.1.3
    ['id', 'Patient', '_id=23', { ids: ['23'] }],
    [
      'last updated',
      'Observation',
      '_lastUpdated=gt2010-10-01',
      { lastUpdated: { prefix: 'gt', low: Date.UTC(2010, 9, 1), high: Date.UTC(2010, 9, 2) - 1 } },
    ],
    [
      'tag',
      'Condition',
      '_tag=http://acme.org/codes|needs-review',
      { param: '_tag', token: { system: 'http://acme.org/codes', code: 'needs-review' } },
    ],
    [
      'profile',
      'DiagnosticReport',
      '_profile=http://hl7.org/fhir/StructureDefinition/lipid',
      { param: '_profile', uri: { exact: 'http://hl7.org/fhir/StructureDefinition/lipid' } },
    ],
    ['source', 'Patient', '_source=urn:uuid:1', { param: '_source', uri: { exact: 'urn:uuid:1' } }],
    ['list', 'Patient', '_list=42', { referredBy: { type: 'List', param: 'item', where: { ids: ['42'] } } }],
    [
      'narrative',
      'Patient',
      '_text=bone%20metástasis',
      {
        all: [
          { param: '_text', string: { prefix: 'bone' } },
          { param: '_text', string: { prefix: 'metastasis' } },
        ],
      },
    ],
    // 3.1.1.4.4
    ['missing', 'Patient', 'gender:missing=true', { param: 'gender', missing: true }],
    [
      'missing where text may stand alone',
      'Observation',
      'code:missing=true',
      {
        all: [
          { param: 'code', missing: true },
          { param: 'code:text', missing: true },
        ],
      },
    ],
    [
      'not missing',
      'Observation',
      'code:missing=false',
      {
        any: [
          { param: 'code', missing: false },
          { param: 'code:text', missing: false },
        ],
      },
    ],
    [
      'missing reference',
      'Observation',
      'subject:missing=true',
      {
        all: [
          { param: 'subject', missing: true },
          { param: 'subject:identifier', missing: true },
        ],
      },
    ],
    [
      'missing composite',
      'Observation',
      'code-value-quantity:missing=true',
      { param: 'code-value-quantity$code', missing: true },
    ],
    ['id is never missing', 'Patient', '_id:missing=true', { ids: [] }],
    // 3.1.1.4.5
    ['not equal', 'Patient', 'birthdate=ne2013-01-14', date('ne', instant, instant + DAY - 1)],
    ['greater', 'Patient', 'birthdate=gt2013-01-14', date('gt', instant, instant + DAY - 1)],
    ['starts after', 'Patient', 'birthdate=sa2013-01-14', date('sa', instant, instant + DAY - 1)],
    ['ends before', 'Patient', 'birthdate=eb2013-01-14', date('eb', instant, instant + DAY - 1)],
    [
      'approximately: a tenth of the way to now',
      'Patient',
      'birthdate=ap2025-12-22',
      date('ap', Date.UTC(2025, 11, 22) - 0.9 * DAY, Date.UTC(2025, 11, 23) - 1 + 0.9 * DAY),
    ],
    // 3.1.1.4.5.1
    ['an escaped comma', 'Patient', 'name=a\\,b', { param: 'name', string: { prefix: 'a,b' } }],
    [
      'alternatives',
      'Patient',
      'name=a,b',
      {
        any: [
          { param: 'name', string: { prefix: 'a' } },
          { param: 'name', string: { prefix: 'b' } },
        ],
      },
    ],
    [
      'repetition',
      'Patient',
      'name=a&name=b',
      {
        all: [
          { param: 'name', string: { prefix: 'a' } },
          { param: 'name', string: { prefix: 'b' } },
        ],
      },
    ],
    [
      'an escaped bar and dollar and backslash',
      'Patient',
      'identifier=s|a\\|b\\$c\\\\d',
      { param: 'identifier', token: { system: 's', code: 'a|b$c\\d' } },
    ],
    // 3.1.1.4.6
    [
      'number',
      'RiskAssessment',
      'probability=gt0.8',
      { param: 'probability', range: { prefix: 'gt', low: 0.8, high: 0.8 } },
    ],
    // 3.1.1.4.7
    ['a year', 'Patient', 'birthdate=2013', date('eq', Date.UTC(2013, 0, 1), Date.UTC(2014, 0, 1) - 1)],
    ['a month', 'Patient', 'birthdate=2013-02', date('eq', Date.UTC(2013, 1, 1), Date.UTC(2013, 2, 1) - 1)],
    [
      'a minute with a zone',
      'Patient',
      'birthdate=ge2010-01-01T00:00%2B02:00',
      date('ge', Date.UTC(2009, 11, 31, 22), Date.UTC(2009, 11, 31, 22) + 59_999),
    ],
    [
      'a zone whose plus was not escaped',
      'Patient',
      'birthdate=ge2010-01-01T00:00+02:00',
      date('ge', Date.UTC(2009, 11, 31, 22), Date.UTC(2009, 11, 31, 22) + 59_999),
    ],
    [
      'a second',
      'Patient',
      'birthdate=2010-01-01T10:20:30Z',
      date('eq', Date.UTC(2010, 0, 1, 10, 20, 30), Date.UTC(2010, 0, 1, 10, 20, 30, 999)),
    ],
    [
      'a tenth of a second',
      'Patient',
      'birthdate=2010-01-01T10:20:30.5Z',
      date('eq', Date.UTC(2010, 0, 1, 10, 20, 30, 500), Date.UTC(2010, 0, 1, 10, 20, 30, 599)),
    ],
    // 3.1.1.4.8
    ['string', 'Patient', 'given=Éve', { param: 'given', string: { prefix: 'eve' } }],
    ['contains', 'Patient', 'given:contains=EVE', { param: 'given', string: { contains: 'eve' } }],
    ['exact', 'Patient', 'given:exact=Eve', { param: 'given', string: { exact: 'Eve' } }],
    // 3.1.1.4.9
    ['below', 'ValueSet', 'url:below=http://acme.org/fhir/', { param: 'url', uri: { below: 'http://acme.org/fhir/' } }],
    [
      'above',
      'ValueSet',
      'url:above=http://acme.org/fhir/ValueSet/123/_history/5',
      { param: 'url', uri: { above: 'http://acme.org/fhir/ValueSet/123/_history/5' } },
    ],
    // 3.1.1.4.10
    [
      'token with a system',
      'Patient',
      'identifier=http://acme.org/patient|2345',
      { param: 'identifier', token: { system: 'http://acme.org/patient', code: '2345' } },
    ],
    ['token without case', 'Condition', 'code=HA125', { param: 'code', token: { code: 'ha125' } }],
    [
      'a plain string keeps its case',
      'OperationDefinition',
      'version=Abc',
      { param: 'version', token: { code: 'Abc' } },
    ],
    ['no system', 'Condition', 'code=|x', { param: 'code', token: { system: '', code: 'x' } }],
    ['any code of a system', 'Condition', 'code=http://s|', { param: 'code', token: { system: 'http://s' } }],
    ['not', 'Patient', 'gender:not=male', { not: { param: 'gender', token: { code: 'male' } } }],
    [
      'not any of',
      'Patient',
      'gender:not=male,female',
      {
        not: {
          any: [
            { param: 'gender', token: { code: 'male' } },
            { param: 'gender', token: { code: 'female' } },
          ],
        },
      },
    ],
    ['boolean', 'Patient', 'active=true', { param: 'active', token: { code: 'true' } }],
    [
      'boolean with its system',
      'Patient',
      'active=http://terminology.hl7.org/CodeSystem/special-values|false',
      { param: 'active', token: { code: 'false' } },
    ],
    ['text', 'Condition', 'code:text=Headache', { param: 'code:text', string: { prefix: 'headache' } }],
    [
      'of-type',
      'Patient',
      'identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053',
      {
        param: 'identifier:of-type',
        token: { system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'mr|446053' },
      },
    ],
    [
      'in',
      'Condition',
      'code:in=http://vs',
      {
        any: [
          { param: 'code', token: { system: 'http://s', code: 'a' } },
          { param: 'code', token: { system: 'http://s', code: 'b' } },
        ],
      },
    ],
    [
      'not-in',
      'Condition',
      'code:not-in=http://vs',
      {
        not: {
          any: [
            { param: 'code', token: { system: 'http://s', code: 'a' } },
            { param: 'code', token: { system: 'http://s', code: 'b' } },
          ],
        },
      },
    ],
    [
      'below a code',
      'Condition',
      'code:below=http://s|a',
      {
        any: [
          { param: 'code', token: { system: 'http://s', code: 'a' } },
          { param: 'code', token: { system: 'http://s', code: 'c' } },
        ],
      },
    ],
    // 3.1.1.4.11
    [
      'quantity with a unit',
      'Observation',
      'value-quantity=gt5.4||mg',
      { param: 'value-quantity', range: { prefix: 'gt', low: 5.4, high: 5.4 }, code: 'mg' },
    ],
    [
      'approximate quantity',
      'Observation',
      'value-quantity=ap10|http://unitsofmeasure.org|mg',
      {
        param: 'value-quantity',
        range: { prefix: 'ap', low: 9, high: 11 },
        system: 'http://unitsofmeasure.org',
        code: 'mg',
      },
    ],
    // 3.1.1.4.12
    ['reference by id, many types', 'Observation', 'subject=23', { param: 'subject', reference: { id: '23' } }],
    [
      'reference by id, one type',
      'Observation',
      'patient=23',
      { param: 'patient', reference: { type: 'Patient', id: '23' } },
    ],
    [
      'reference by type and id',
      'Observation',
      'subject=Patient/23',
      { param: 'subject', reference: { type: 'Patient', id: '23' } },
    ],
    [
      'reference with a type modifier',
      'Observation',
      'subject:Patient=23',
      { param: 'subject', reference: { type: 'Patient', id: '23' } },
    ],
    [
      'reference by our own URL',
      'Observation',
      'subject=http://here.example/fhir/Patient/23',
      { param: 'subject', reference: { type: 'Patient', id: '23' } },
    ],
    [
      'reference by a foreign URL',
      'Observation',
      'subject=http://acme.org/fhir/Patient/23',
      { param: 'subject', reference: { type: '', id: 'http://acme.org/fhir/Patient/23' } },
    ],
    [
      'logical reference',
      'Observation',
      'subject:identifier=http://acme.org|23',
      { param: 'subject:identifier', token: { system: 'http://acme.org', code: '23' } },
    ],
    [
      'hierarchy of what is referred to',
      'Procedure',
      'location:below=Location/1',
      {
        any: [
          { param: 'location', reference: { type: 'Location', id: '1' } },
          { param: 'location', reference: { type: 'Location', id: '2' } },
        ],
      },
    ],
    [
      'hierarchy',
      'Location',
      'partof:below=1',
      {
        any: [
          { param: 'partof', reference: { type: 'Location', id: '1' } },
          { param: 'partof', reference: { type: 'Location', id: '2' } },
        ],
      },
    ],
    // 3.1.1.4.13
    [
      'composite',
      'DocumentReference',
      'relationship=replaces$DocumentReference/1',
      {
        composite: [
          { param: 'relationship$relation', token: { code: 'replaces' } },
          { param: 'relationship$relatesto', reference: { type: 'DocumentReference', id: '1' } },
        ],
      },
    ],
    [
      'composite with a prefix',
      'Observation',
      'code-value-quantity=http://loinc.org|1$lt5',
      {
        composite: [
          { param: 'code-value-quantity$code', token: { system: 'http://loinc.org', code: '1' } },
          { param: 'code-value-quantity$value-quantity', range: { prefix: 'lt', low: 5, high: 5 } },
        ],
      },
    ],
    // 3.1.1.4.14
    [
      'typed chain',
      'DiagnosticReport',
      'subject:Patient.name=peter',
      { param: 'subject', refersTo: { type: 'Patient', where: { param: 'name', string: { prefix: 'peter' } } } },
    ],
    [
      'chain of one target',
      'DiagnosticReport',
      'patient.name:exact=Peter',
      { param: 'patient', refersTo: { type: 'Patient', where: { param: 'name', string: { exact: 'Peter' } } } },
    ],
    [
      'two links',
      'DiagnosticReport',
      'patient.organization.name=acme',
      {
        param: 'patient',
        refersTo: {
          type: 'Patient',
          where: {
            param: 'organization',
            refersTo: { type: 'Organization', where: { param: 'name', string: { prefix: 'acme' } } },
          },
        },
      },
    ],
    [
      'untyped chain: every type that has the parameter',
      'DiagnosticReport',
      'subject.name=peter',
      {
        any: ['Location', 'Patient'].map((type) => ({
          param: 'subject',
          refersTo: { type, where: { param: 'name', string: { prefix: 'peter' } } },
        })),
      },
    ],
    // 3.1.1.4.15
    [
      'reverse chain',
      'Patient',
      '_has:Observation:patient:code=1234-5',
      { referredBy: { type: 'Observation', param: 'patient', where: { param: 'code', token: { code: '1234-5' } } } },
    ],
    [
      'nested reverse chain',
      'Patient',
      '_has:Observation:patient:_has:AuditEvent:entity:agent=MyUserId',
      {
        referredBy: {
          type: 'Observation',
          param: 'patient',
          where: {
            referredBy: {
              type: 'AuditEvent',
              param: 'entity',
              where: { param: 'agent', reference: { id: 'MyUserId' } },
            },
          },
        },
      },
    ],
    [
      'chain inside a reverse chain',
      'Patient',
      '_has:Observation:patient:encounter:Encounter.status=finished',
      {
        referredBy: {
          type: 'Observation',
          param: 'patient',
          where: {
            param: 'encounter',
            refersTo: { type: 'Encounter', where: { param: 'status', token: { code: 'finished' } } },
          },
        },
      },
    ],
    [
      'reverse chain inside a chain',
      'Encounter',
      'subject:Patient._has:Group:member:_id=102',
      {
        param: 'subject',
        refersTo: {
          type: 'Patient',
          where: { referredBy: { type: 'Group', param: 'member', where: { ids: ['102'] } } },
        },
      },
    ],
    ['another type', 'Patient', '_type=Observation', { ids: [] }],
  ];
  it.each(cases)('%s: %s?%s', async (_section, type, query, expected) => {
    expect(await where(type, query, { terminology })).toEqual(expected);
  });

  // 3.1.1.4.6: implied precision, closed above by the greatest double below.
  it.each([
    ['100', 99.5, 100.5],
    ['100.00', 99.995, 100.005],
    ['1e2', 50, 150],
    ['5.4', 5.35, 5.45],
    ['-5.4', -5.45, -5.35],
    ['5.40e-3', 0.005395, 0.005405],
    ['0', -0.5, 0.5],
  ])('%s stands for [%d, %d)', async (text, low, high) => {
    const condition = await where('RiskAssessment', `probability=${text}`);
    const range = (condition as { range: { low: number; high: number } }).range;
    expect(range.low).toBe(low);
    expect(range.high).toBeLessThan(high);
    expect(range.high).toBeCloseTo(high, 12);
  });

  it('near is a box, two of them across the 180th meridian', async () => {
    const box = (await where('Location', 'near=0|0|111.195|km')) as {
      composite: readonly { range: { low: number; high: number } }[];
    };
    expect(box.composite[0]!.range.low).toBeCloseTo(-1, 5);
    expect(box.composite[1]!.range.high).toBeCloseTo(1, 3);
    const split = (await where('Location', 'near=10|179.9|100|km')) as { any: readonly unknown[] };
    expect(split.any).toHaveLength(2);
  });
});

describe('what shapes the result', () => {
  it('reads every result parameter', async () => {
    const search = await parsed(
      'Observation',
      '_sort=-date,_id&_count=5&_total=accurate&_summary=text&_elements=code,status&_contained=false&_format=json',
    );
    expect(search).toEqual({
      type: 'Observation',
      sort: [
        { param: 'date', descending: true },
        { param: '_id', descending: false },
      ],
      count: 5,
      total: 'accurate',
      summary: 'text',
      elements: ['code', 'status'],
      includes: [],
      revincludes: [],
      joinedTypes: [],
      unknown: [],
      selfLinkParams: [
        ['_sort', '-date,_id'],
        ['_count', '5'],
        ['_total', 'accurate'],
        ['_summary', 'text'],
        ['_elements', 'code,status'],
        ['_contained', 'false'],
      ],
    });
  });

  it('asks for no resources when only the count is wanted', async () => {
    expect((await parsed('Patient', '_summary=count')).count).toBe(0);
    expect((await parsed('Patient', '_count=0')).count).toBe(0);
    expect((await parsed('Patient', '')).count).toBe(20);
  });

  it('reads includes', async () => {
    const search = await parsed(
      'MedicationRequest',
      '_include=MedicationRequest:subject:Patient&_include:iterate=Patient:general-practitioner&_revinclude=Provenance:target',
    );
    expect(search.includes).toEqual([
      { source: 'MedicationRequest', params: ['subject'], target: 'Patient', iterate: false },
      { source: 'Patient', params: ['general-practitioner'], iterate: true },
    ]);
    expect(search.revincludes).toEqual([
      { source: 'Provenance', params: ['target'], target: 'MedicationRequest', iterate: false },
    ]);
  });

  it('follows every reference parameter for a wildcard', async () => {
    const { includes } = await parsed('Patient', '_include=*');
    expect(includes.flatMap(({ params }) => params).sort()).toEqual(['general-practitioner', 'link', 'organization']);
    const { revincludes } = await parsed('Patient', '_revinclude=Observation:*');
    expect(revincludes.flatMap(({ params }) => params).sort()).toEqual(['focus', 'patient', 'performer', 'subject']);
    expect((await parsed('Patient', '_revinclude=*')).revincludes).toContainEqual({
      source: 'BodyStructure',
      params: ['patient'],
      target: 'Patient',
      iterate: false,
    });
  });

  it('names the types that joins pass through, and confines them', async () => {
    const mine: Condition = { subject: ['me'] };
    const search = await parsed('Observation', 'subject:Patient.organization.name=x&_has:Provenance:target:_id=1', {
      scope: (type) => (type === 'Patient' ? mine : undefined),
    });
    expect([...search.joinedTypes].sort()).toEqual(['Organization', 'Patient', 'Provenance']);
    expect(search.where).toEqual({
      all: [
        {
          param: 'subject',
          refersTo: {
            type: 'Patient',
            where: {
              all: [
                mine,
                {
                  param: 'organization',
                  refersTo: { type: 'Organization', where: { param: 'name', string: { prefix: 'x' } } },
                },
              ],
            },
          },
        },
        { referredBy: { type: 'Provenance', param: 'target', where: { ids: ['1'] } } },
      ],
    });
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [type: string, query: string, code: SearchIssue['code'], expression: string])[] = [
    ['Patient', '_count=-1', 'value', 'http._count'],
    ['Patient', '_count=1000000000', 'value', 'http._count'],
    ['Patient', '_count=1.5', 'value', 'http._count'],
    ['Patient', '_count=1&_count=2', 'invalid', 'http._count'],
    ['Patient', '_summary=maybe', 'value', 'http._summary'],
    ['Patient', '_total=some', 'value', 'http._total'],
    ['Patient', '_elements=a,,b', 'value', 'http._elements'],
    ['Patient', '_sort=nothing', 'not-supported', 'http._sort'],
    ['Patient', '_sort=', 'not-supported', 'http._sort'],
    ['Observation', '_sort=code-value-quantity', 'not-supported', 'http._sort'],
    ['Patient', '_contained=true', 'not-supported', 'http._contained'],
    ['Patient', '_filter=name eq x', 'not-supported', 'http._filter'],
    ['Patient', '_query=x', 'not-supported', 'http._query'],
    ['Patient', '_content=x', 'not-supported', 'http._content'],
    ['Patient', '_list=$current-allergies', 'not-supported', 'http._list'],
    ['Patient', '_include=Observation:subject', 'value', 'http._include'],
    ['Patient', '_include=Patient:name', 'not-supported', 'http._include'],
    ['Patient', '_include=Patient', 'value', 'http._include'],
    ['Patient', '_include:recurse=Patient:link', 'not-supported', 'http._include:recurse'],
    ['Patient', '_revinclude=Observation:patient:Group', 'value', 'http._revinclude'],
    ['Patient', 'name:below=x', 'not-supported', 'http.name:below'],
    ['Patient', 'gender:exact=male', 'not-supported', 'http.gender:exact'],
    ['Patient', 'birthdate:contains=2', 'not-supported', 'http.birthdate:contains'],
    ['Patient', 'gender:of-type=a|b|c', 'not-supported', 'http.gender:of-type'],
    ['Patient', 'name:missing=perhaps', 'value', 'http.name:missing'],
    ['Patient', 'name=', 'value', 'http.name'],
    ['Patient', 'name=a,,b', 'value', 'http.name'],
    ['Patient', 'active=yes', 'value', 'http.active'],
    ['Patient', 'identifier=|', 'value', 'http.identifier'],
    ['Patient', 'identifier=a|b|c', 'value', 'http.identifier'],
    ['Patient', 'birthdate=2021-02-30', 'value', 'http.birthdate'],
    ['Patient', 'birthdate=2021-13', 'value', 'http.birthdate'],
    ['Patient', 'birthdate=xx2021', 'value', 'http.birthdate'],
    ['Patient', 'birthdate=2021-01-01T25:00Z', 'value', 'http.birthdate'],
    ['RiskAssessment', 'probability=abc', 'value', 'http.probability'],
    ['RiskAssessment', 'probability=1e999', 'value', 'http.probability'],
    ['Observation', 'value-quantity=5|a', 'value', 'http.value-quantity'],
    ['Observation', 'code-value-quantity=1', 'value', 'http.code-value-quantity'],
    ['Observation', 'subject:Practitioner=1', 'not-supported', 'http.subject:Practitioner'],
    ['Observation', 'subject:Patient=Group/1', 'value', 'http.subject:Patient'],
    ['Observation', 'subject=not a reference', 'value', 'http.subject'],
    ['Observation', 'subject:Practitioner.name=x', 'not-supported', 'http.subject:Practitioner.name'],
    ['Observation', 'code.name=x', 'not-supported', 'http.code.name'],
    ['QuestionnaireResponse', 'questionnaire.title=x', 'not-supported', 'http.questionnaire.title'],
    ['Patient', '_has:Observation:code=x', 'invalid', 'http._has:Observation:code'],
    ['Patient', '_has:Nothing:patient:code=x', 'invalid', 'http._has:Nothing:patient:code'],
    ['Organization', '_has:Observation:patient:code=x', 'not-supported', 'http._has:Observation:patient:code'],
    [
      'Patient',
      'organization.partof.partof.partof.partof.partof.name=x',
      'too-costly',
      'http.organization.partof.partof.partof.partof.partof.name',
    ],
    ['Condition', 'code:in=http://unknown', 'not-found', 'http.code:in'],
    ['Condition', 'code:below=a', 'value', 'http.code:below'],
    ['Location', 'partof:below=2', 'not-found', 'http.partof:below'],
    ['Patient', 'general-practitioner:below=1', 'not-found', 'http.general-practitioner:below'],
    ['Observation', 'performer:below=Patient/1', 'value', 'http.performer:below'],
    ['Observation', 'specimen:below=1', 'not-supported', 'http.specimen:below'],
    ['List', 'item:above=Location/1', 'not-supported', 'http.item:above'],
    ['Location', 'near=91|0', 'value', 'http.near'],
    ['Location', 'near=1|2|3|furlongs', 'value', 'http.near'],
    ['Patient', 'unheard-of=1', 'not-supported', 'http.unheard-of'],
    ['Patient', '\u0000<script>=1', 'not-supported', 'http'],
    ['Nothing', 'name=1', 'not-supported', 'http'],
  ];
  it.each(cases)('%s?%s', async (type, query, code, expression) => {
    const found = await issues(type, query, { terminology });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ code, expression });
  });

  it('reports every fault at once', async () => {
    expect(
      (await issues('Patient', '_count=-1&name:above=x&birthdate=never')).map(({ expression }) => expression),
    ).toEqual(['http._count', 'http.name:above', 'http.birthdate']);
  });

  it('never echoes a value', async () => {
    const texts = JSON.stringify(
      await issues('Patient', '_count=Koch&birthdate=Koch&active=Koch&_sort=Koch&_has:Koch:a:b=Koch&gender:in=Koch'),
    );
    expect(texts.replace(/"expression":"[^"]*"/g, '')).not.toContain('Koch');
  });

  it.each<[Partial<SearchLimits>, string]>([
    [{ parameters: 1 }, 'name=a&name=b'],
    [{ values: 2 }, 'name=a,b,c'],
    [{ valueLength: 3 }, 'name=abcd'],
    [{ sortKeys: 1 }, '_sort=name,family'],
    [{ includes: 1 }, '_include=Patient:link&_include=Patient:organization'],
    [{ chainTypes: 1 }, 'general-practitioner.active=true'],
    [{ codes: 1 }, 'gender:in=http://vs'],
  ])('holds to the limit %j', async (limits, query) => {
    const found = await issues('Patient', query, { limits, terminology });
    expect(found.map(({ code }) => code)).toEqual(['too-costly']);
  });

  it('has no terminology unless it is given one', async () => {
    for (const query of ['gender:in=http://vs', 'gender:not-in=http://vs', 'gender:above=a|b']) {
      expect((await issues('Patient', query)).map(({ code }) => code)).toEqual(['not-supported']);
    }
  });

  it('does not take members of Object for parameters', async () => {
    for (const name of [
      'constructor',
      '__proto__',
      'toString',
      'hasOwnProperty',
      'subject:constructor',
      'constructor.name',
      'name:constructor',
    ]) {
      expect((await issues('Observation', `${name}=1`)).map(({ code }) => code)).toEqual(['not-supported']);
    }
  });
});

describe('handling (R4 search 3.1.1.2)', () => {
  it('leaves out and lists what it does not know when lenient', async () => {
    const search = await parsed('Patient', 'unheard-of=1&name=a&subject.unheard=2', { handling: 'lenient' });
    expect(search.unknown).toEqual(['unheard-of', 'subject.unheard']);
    expect(search.where).toEqual({ param: 'name', string: { prefix: 'a' } });
    expect(search.selfLinkParams).toEqual([['name', 'a']]);
  });

  it('refuses a wrong value or modifier even when lenient', async () => {
    expect(await issues('Patient', 'name:above=1', { handling: 'lenient' })).toHaveLength(1);
    expect(await issues('Patient', 'birthdate=never', { handling: 'lenient' })).toHaveLength(1);
  });

  it('passes over what the caller reads itself', async () => {
    expect((await parsed('Patient', '_cursor=abc&_pretty=true', { passOver: ['_cursor'] })).selfLinkParams).toEqual([]);
  });
});
