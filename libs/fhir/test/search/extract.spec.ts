import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IndexEntry } from '@anamnesis/read-store';
import { compartmentParams, extractEntries, RESOURCE_TYPES, searchParameters } from '../../src/search/index.ts';
import { r4Definitions } from './fhirpath-oracle.ts';

const of = (type: string, resource: Record<string, unknown>, param: string): IndexEntry[] =>
  extractEntries(type, { resourceType: type, ...resource }, { ownBases: ['http://here.example/fhir'] }).filter(
    (entry) => entry.param === param,
  );
const codes = (entries: IndexEntry[]): string[] =>
  entries.map((entry) => (entry.kind === 'token' ? `${entry.system}|${entry.code}` : entry.kind));
const texts = (entries: IndexEntry[]): string[] =>
  entries.map((entry) => (entry.kind === 'string' ? entry.normalised : entry.kind));
const intervals = (entries: IndexEntry[]): unknown[] =>
  entries.map((entry) => (entry.kind === 'range' ? [entry.low, entry.high] : entry.kind));
const targets = (entries: IndexEntry[]): string[] =>
  entries.map((entry) => (entry.kind === 'reference' ? `${entry.type}/${entry.id}` : entry.kind));
const concept = (system: string, code: string): unknown => ({ coding: [{ system, code }] });

describe('the table of search parameters', () => {
  it('has every parameter that R4 defines for each type', () => {
    const definitions = r4Definitions();
    for (const type of RESOURCE_TYPES.filter((one) => one !== 'Parameters')) {
      const bases = ['Resource', type, ...(type === 'Binary' || type === 'Bundle' ? [] : ['DomainResource'])];
      const expected = definitions
        .filter(({ base }) => base.some((one) => bases.includes(one)))
        .map(({ code }) => code);
      expect([...searchParameters(type).keys()].sort()).toEqual([...new Set(expected)].sort());
    }
  });

  it('names each definition by its canonical URL', () => {
    const urls = new Set(r4Definitions().map(({ url }) => url));
    for (const type of RESOURCE_TYPES)
      for (const { definition } of searchParameters(type).values()) expect(urls).toContain(definition);
  });

  it('knows no parameter of what is no resource type', () => {
    expect(searchParameters('Nothing').size).toBe(0);
    expect(searchParameters('constructor').size).toBe(0);
    expect(extractEntries('Nothing', { resourceType: 'Nothing' })).toEqual([]);
  });
});

describe('the patient compartment', () => {
  it('is linked by reference parameters that the type has', () => {
    expect(compartmentParams('Observation')).toEqual(['subject', 'performer']);
    expect(compartmentParams('Medication')).toEqual([]);
    const linked = RESOURCE_TYPES.filter((type) => compartmentParams(type).length > 0);
    expect(linked.length).toBeGreaterThan(60);
    for (const type of linked) {
      for (const name of compartmentParams(type)) expect(searchParameters(type).get(name)?.kind).toBe('reference');
    }
  });
});

describe('tokens', () => {
  it('of a CodeableConcept: each coding, and texts under :text', () => {
    const code = {
      coding: [
        { system: 'http://loinc.org', code: '1-8', display: 'Acyclovir' },
        { code: 'X' },
        { system: 'http://only' },
      ],
      text: 'Aciclovir',
    };
    expect(codes(of('Observation', { code }, 'code'))).toEqual(['http://loinc.org|1-8', '|x', 'http://only|']);
    expect(texts(of('Observation', { code }, 'code:text'))).toEqual(['acyclovir', 'aciclovir']);
  });

  it('of an Identifier: system and value, the type under :of-type', () => {
    const type = { coding: [{ system: 'http://t', code: 'MR' }], text: 'Record number' };
    const identifier = [{ system: 'http://acme', value: 'A1', type }, { value: 'b' }];
    expect(codes(of('Patient', { identifier }, 'identifier'))).toEqual(['http://acme|a1', '|b']);
    expect(codes(of('Patient', { identifier }, 'identifier:of-type'))).toEqual(['http://t|mr|a1']);
    expect(texts(of('Patient', { identifier }, 'identifier:text'))).toEqual(['record number']);
  });

  it('of a code: the system of its binding', () => {
    expect(codes(of('Patient', { gender: 'female' }, 'gender'))).toEqual([
      'http://hl7.org/fhir/administrative-gender|female',
    ]);
  });

  it('of a boolean, of a choice, and of deceased, which is never missing', () => {
    expect(codes(of('Patient', { active: false }, 'active'))).toEqual(['|false']);
    expect(codes(of('Patient', {}, 'deceased'))).toEqual(['|false']);
    expect(codes(of('Patient', { deceasedBoolean: false }, 'deceased'))).toEqual(['|false']);
    expect(codes(of('Patient', { deceasedBoolean: true }, 'deceased'))).toEqual(['|true']);
    expect(codes(of('Patient', { deceasedDateTime: '2020' }, 'deceased'))).toEqual(['|true']);
    expect(intervals(of('Patient', { deceasedDateTime: '2020' }, 'death-date'))).toHaveLength(1);
  });

  it('of a ContactPoint: the value, in the parameter for its system', () => {
    const telecom = [
      { system: 'phone', value: '1' },
      { system: 'email', value: 'A@B' },
    ];
    expect(codes(of('Patient', { telecom }, 'telecom'))).toEqual(['|1', '|a@b']);
    expect(codes(of('Patient', { telecom }, 'phone'))).toEqual(['|1']);
    expect(codes(of('Patient', { telecom }, 'email'))).toEqual(['|a@b']);
  });

  it('of a string keep their case', () => {
    expect(codes(of('ValueSet', { version: '1.0-RC' }, 'version'))).toEqual(['|1.0-RC']);
  });

  it('of meta, once each', () => {
    const meta = {
      tag: [
        { system: 's', code: 't' },
        { system: 's', code: 't' },
      ],
      security: [{ code: 'R' }],
      profile: ['http://p|1'],
      source: 'urn:x',
    };
    expect(codes(of('Patient', { meta }, '_tag'))).toEqual(['s|t']);
    expect(codes(of('Patient', { meta }, '_security'))).toEqual(['|r']);
    expect(of('Patient', { meta }, '_profile').map((entry) => (entry.kind === 'uri' ? entry.value : ''))).toEqual([
      'http://p|1',
      'http://p',
    ]);
    expect(of('Patient', { meta }, '_source')).toEqual([{ param: '_source', kind: 'uri', value: 'urn:x' }]);
  });
});

describe('strings', () => {
  it('of a HumanName: every part, and the whole', () => {
    const name = [{ family: 'Müller', given: ['Anna', 'Lena'], prefix: ['Dr.'] }];
    expect(texts(of('Patient', { name }, 'name')).sort()).toEqual([
      'anna',
      'anna lena muller',
      'dr.',
      'lena',
      'muller',
    ]);
    expect(texts(of('Patient', { name }, 'family'))).toEqual(['muller']);
    expect(of('Patient', { name }, 'family')[0]).toMatchObject({ value: 'Müller' });
  });

  it('of an Address: every part', () => {
    const address = [
      {
        line: ['1 Main St'],
        city: 'Boston',
        state: 'MA',
        postalCode: '02101',
        country: 'US',
        use: 'home',
        district: 'Suffolk',
      },
    ];
    expect(texts(of('Patient', { address }, 'address')).sort()).toEqual([
      '02101',
      '1 main st',
      'boston',
      'ma',
      'suffolk',
      'us',
    ]);
    expect(codes(of('Patient', { address }, 'address-use'))).toEqual(['http://hl7.org/fhir/address-use|home']);
  });

  it.each([
    ['  A \t\n B  ', 'a b'],
    ['Ångström', 'angstrom'],
    ['ﬁne', 'fine'],
    ['x'.repeat(500), 'x'.repeat(200)],
    [`${'x'.repeat(199)}😀`, 'x'.repeat(199)],
  ])('%j is compared as %j', (value, normalised) => {
    expect(texts(of('Organization', { name: value }, 'name'))).toEqual([normalised]);
  });

  it('of a narrative: its words', () => {
    const text = {
      status: 'generated',
      div: '<div xmlns="http://www.w3.org/1999/xhtml"><p title="no">Héart&nbsp;attack, heart</p></div>',
    };
    expect(texts(of('Patient', { text }, '_text'))).toEqual(['heart', 'attack']);
  });
});

describe('dates', () => {
  const day = Date.UTC(2020, 1, 29);
  it.each([
    ['2020', Date.UTC(2020, 0, 1), Date.UTC(2021, 0, 1) - 1],
    ['2020-02', Date.UTC(2020, 1, 1), Date.UTC(2020, 2, 1) - 1],
    ['2020-02-29', day, day + 86_399_999],
    ['2020-02-29T01:02:03+01:00', day + 123_000, day + 123_999],
    ['2020-02-29T00:00:00.123456Z', day + 123, day + 123],
    ['0031-01-01', -61_188_912_000_000, -61_188_912_000_000 + 86_399_999],
  ])('%s', (text, low, high) => {
    expect(intervals(of('Observation', { effectiveDateTime: text }, 'date'))).toEqual([[low, high]]);
  });

  it('agrees with the platform on every instant', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
        (date) => {
          expect(intervals(of('Bundle', { timestamp: date.toISOString() }, 'timestamp'))).toEqual([
            [date.getTime(), date.getTime()],
          ]);
        },
      ),
    );
  });

  it.each(['2021-02-29', '2021-00', '2021-01-01T24:00:00Z', '2021-01-01T00:00:00+15:00', 'now', '', '20211-01-01'])(
    '%j is no date',
    (text) => {
      expect(of('Observation', { effectiveDateTime: text }, 'date')).toEqual([]);
    },
  );

  it('of a Period: open where it has no end', () => {
    expect(intervals(of('Encounter', { period: { start: '2020-02-29' } }, 'date'))).toEqual([[day, Infinity]]);
    expect(intervals(of('Encounter', { period: { end: '2020-02-29' } }, 'date'))).toEqual([
      [-Infinity, day + 86_399_999],
    ]);
    expect(of('Encounter', { period: {} }, 'date')).toEqual([]);
  });

  it('of a Timing: its outer limits', () => {
    const effectiveTiming = { event: ['2020-02-29', '2020-01-01'] };
    expect(intervals(of('Observation', { effectiveTiming }, 'date'))).toEqual([
      [Date.UTC(2020, 0, 1), day + 86_399_999],
    ]);
    const bounded = { repeat: { boundsPeriod: { start: '2020', end: '2020' } } };
    expect(intervals(of('Observation', { effectiveTiming: bounded }, 'date'))).toEqual([
      [Date.UTC(2020, 0, 1), Date.UTC(2021, 0, 1) - 1],
    ]);
    expect(of('Observation', { effectiveTiming: { repeat: { frequency: 1 } } }, 'date')).toEqual([]);
  });
});

describe('numbers and quantities', () => {
  const rawJSON = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

  it('stand for themselves, with or without their lexical form', () => {
    for (const probabilityDecimal of [0.5, rawJSON('0.50')]) {
      expect(intervals(of('RiskAssessment', { prediction: [{ probabilityDecimal }] }, 'probability'))).toEqual([
        [0.5, 0.5],
      ]);
    }
  });

  it('are found by code and by unit', () => {
    const valueQuantity = {
      value: rawJSON('5.40'),
      unit: 'milligram',
      system: 'http://unitsofmeasure.org',
      code: 'mg',
    };
    expect(of('Observation', { valueQuantity }, 'value-quantity')).toEqual([
      { param: 'value-quantity', kind: 'range', low: 5.4, high: 5.4, system: 'http://unitsofmeasure.org', code: 'mg' },
      { param: 'value-quantity', kind: 'range', low: 5.4, high: 5.4, system: '', code: 'milligram' },
    ]);
  });

  it('with a comparator are open on one side', () => {
    expect(intervals(of('Observation', { valueQuantity: { value: 5, comparator: '<' } }, 'value-quantity'))).toEqual([
      [-Infinity, 5],
    ]);
    expect(intervals(of('Observation', { valueQuantity: { value: 5, comparator: '>=' } }, 'value-quantity'))).toEqual([
      [5, Infinity],
    ]);
  });

  it('of Money, Range, Age and SampledData', () => {
    expect(of('Invoice', { totalNet: { value: 10, currency: 'EUR' } }, 'totalnet')).toEqual([
      { param: 'totalnet', kind: 'range', low: 10, high: 10, system: 'urn:iso:std:iso:4217', code: 'EUR' },
    ]);
    expect(intervals(of('Condition', { onsetRange: { low: { value: 3, code: 'a' } } }, 'onset-age'))).toEqual([
      [3, Infinity],
    ]);
    expect(intervals(of('Condition', { onsetAge: { value: 3, code: 'a' } }, 'onset-age'))).toEqual([[3, 3]]);
    const valueSampledData = { origin: { value: 10, code: 'mV' }, factor: 2, lowerLimit: -3, data: '1 E L 4' };
    expect(intervals(of('Observation', { valueSampledData }, 'value-quantity'))).toEqual([[4, 18]]);
  });
});

describe('references', () => {
  it.each([
    ['Patient/1', ['Patient/1']],
    ['Patient/1/_history/2', ['Patient/1']],
    ['http://here.example/fhir/Patient/1', ['Patient/1']],
    ['http://here.example/fhirx/Patient/1', ['/http://here.example/fhirx/Patient/1']],
    ['http://else.example/Patient/1', ['/http://else.example/Patient/1']],
    ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520', ['/urn:uuid:c757873d-ec9a-4326-a141-556f43239520']],
    ['#p', ['/#']],
    ['Patient?identifier=1', []],
    ['nonsense', []],
  ])('%s', (reference, expected) => {
    expect(targets(of('Observation', { subject: { reference } }, 'subject'))).toEqual(expected);
  });

  it('count for `patient` only when they point at a patient', () => {
    expect(targets(of('Observation', { subject: { reference: 'Group/1' } }, 'patient'))).toEqual([]);
    expect(
      targets(of('Observation', { subject: { reference: 'http://else.example/Patient/1' } }, 'patient')),
    ).toHaveLength(1);
    expect(targets(of('Observation', { subject: { reference: 'urn:x', type: 'Patient' } }, 'patient'))).toEqual([
      '/urn:x',
    ]);
    expect(targets(of('Observation', { subject: { reference: 'urn:x' } }, 'patient'))).toEqual([]);
  });

  it('may be logical', () => {
    const subject = { identifier: { system: 'http://acme', value: 'A1' }, type: 'Patient' };
    expect(codes(of('Observation', { subject }, 'patient:identifier'))).toEqual(['http://acme|a1']);
    expect(of('Observation', { subject }, 'patient')).toEqual([]);
  });

  it('may be canonical, found with and without the version', () => {
    expect(targets(of('QuestionnaireResponse', { questionnaire: 'http://q|2' }, 'questionnaire'))).toEqual([
      '/http://q|2',
      '/http://q',
    ]);
  });

  it('of a document bundle', () => {
    const entry = [
      { resource: { resourceType: 'Composition', id: '1' } },
      { resource: { resourceType: 'Patient', id: '2' } },
    ];
    expect(targets(of('Bundle', { entry }, 'composition'))).toEqual(['Composition/1']);
  });
});

describe('composites', () => {
  const tuples = (resource: Record<string, unknown>, name: string): string[] => {
    const own = extractEntries('Observation', { resourceType: 'Observation', ...resource }).filter(({ param }) =>
      param.startsWith(`${name}$`),
    );
    return [...Map.groupBy(own, ({ tuple }) => tuple).values()].map((entries) =>
      entries
        .map((entry) => (entry.kind === 'token' ? entry.code : entry.kind === 'range' ? String(entry.low) : entry.kind))
        .join('+'),
    );
  };

  it('keep the parts of one value together', () => {
    const component = [
      { code: concept('l', 'sys'), valueQuantity: { value: 120 } },
      { code: concept('l', 'dia'), valueQuantity: { value: 80 } },
      { code: concept('l', 'none') },
    ];
    const resource = { code: concept('l', 'bp'), component };
    expect(tuples(resource, 'component-code-value-quantity')).toEqual(['sys+120', 'dia+80']);
    expect(tuples(resource, 'combo-code-value-quantity')).toEqual(['sys+120', 'dia+80']);
    expect(tuples(resource, 'code-value-quantity')).toEqual([]);
  });

  it('number their values uniquely within the document', () => {
    const resource = { resourceType: 'Observation', code: concept('l', 'a'), valueQuantity: { value: 1 } };
    const numbers = extractEntries('Observation', resource).flatMap(({ param, tuple }) =>
      tuple === undefined ? [] : [`${param.split('$')[0]} ${tuple}`],
    );
    expect([...new Set(numbers)]).toEqual(['code-value-quantity 1', 'combo-code-value-quantity 2']);
  });

  it('may read a part from the resource', () => {
    const resource = {
      resourceType: 'MolecularSequence',
      referenceSeq: { chromosome: concept('c', '1') },
      variant: [{ start: 5, end: 7 }],
    };
    const own = extractEntries('MolecularSequence', resource).filter(({ param }) =>
      param.startsWith('chromosome-variant-coordinate$'),
    );
    expect(own).toHaveLength(3);
  });

  it('of a position', () => {
    const found = extractEntries('Location', { resourceType: 'Location', position: { latitude: 1, longitude: 2 } });
    expect(found.filter(({ param }) => param.startsWith('near$'))).toEqual([
      { param: 'near$latitude', kind: 'range', low: 1, high: 1, tuple: 1 },
      { param: 'near$longitude', kind: 'range', low: 2, high: 2, tuple: 1 },
    ]);
  });
});

describe('whatever it is given', () => {
  it('never throws, and says each entry once', () => {
    const members = [
      'code',
      'coding',
      'subject',
      'reference',
      'identifier',
      'valueQuantity',
      'value',
      'system',
      'component',
      'effectivePeriod',
      'start',
      'effectiveTiming',
      'event',
      'meta',
      'tag',
      'text',
      'div',
      'valueSampledData',
      'origin',
      'data',
    ];
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constantFrom(null, 'Patient/1', '#a', '2020-01-01'),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...members), tie('tree'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...members), tree), (resource) => {
        const entries = extractEntries('Observation', resource);
        const plain = entries
          .filter(({ tuple }) => tuple === undefined)
          .map((entry) => JSON.stringify(entry, (_key, value: unknown) => (value === Infinity ? 'inf' : value)));
        expect(new Set(plain).size).toBe(plain.length);
      }),
      { numRuns: 500 },
    );
    for (const odd of [null, undefined, 1, 'x', []]) expect(extractEntries('Patient', odd)).toEqual([]);
  });

  it('every type can be read', () => {
    for (const type of RESOURCE_TYPES)
      expect(extractEntries(type, { resourceType: type, id: 'x' }).every(({ param }) => param === 'deceased')).toBe(
        true,
      );
  });
});
