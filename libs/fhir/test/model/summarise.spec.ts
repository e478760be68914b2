import { describe, expect, it } from '@jest/globals';
import { parseJson } from '../../src/json/index.ts';
import { summarise, type SummaryMode } from '../../src/model/index.ts';
import { validateResource } from '../../src/validation/index.ts';

const TAG = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' };
const observation = {
  resourceType: 'Observation',
  id: 'o',
  meta: { source: '#s' },
  text,
  modifierExtension: [{ url: 'http://a.example', valueBoolean: true }],
  status: 'final',
  category: [{ text: 'vital' }],
  code: { text: 'pulse' },
  valueQuantity: { value: 1 },
  note: [{ text: 'n' }],
  component: [{ code: { text: 'c' }, valueString: 'v', interpretation: [{ text: 'high' }] }],
};
const keys = (mode: SummaryMode, value: unknown = observation): string[] =>
  Object.keys(summarise(value, mode) as object);

describe('a summary', () => {
  it('of true has the elements that R4 marks, in backbone elements too', () => {
    const summary = summarise(observation, { summary: 'true' }) as typeof observation;
    expect(Object.keys(summary)).toEqual([
      'resourceType',
      'id',
      'meta',
      'modifierExtension',
      'status',
      'code',
      'valueQuantity',
      'component',
    ]);
    expect(summary.component).toEqual([{ code: { text: 'c' }, valueString: 'v' }]);
  });

  it('of text has the narrative and what is mandatory', () => {
    expect(keys({ summary: 'text' })).toEqual([
      'resourceType',
      'id',
      'meta',
      'text',
      'modifierExtension',
      'status',
      'code',
    ]);
  });

  it('of data has all but the narrative', () => {
    expect(keys({ summary: 'data' })).toEqual(Object.keys(observation).filter((key) => key !== 'text'));
  });

  it('of false is the resource itself', () => {
    expect(summarise(observation, { summary: 'false' })).toBe(observation);
  });

  it('by elements has these, with any type of a choice, and what is mandatory', () => {
    expect(keys({ elements: ['Observation.note', 'value'] })).toEqual([
      'resourceType',
      'id',
      'meta',
      'modifierExtension',
      'status',
      'code',
      'valueQuantity',
      'note',
    ]);
    expect(keys({ elements: ['constructor'] })).toEqual([
      'resourceType',
      'id',
      'meta',
      'modifierExtension',
      'status',
      'code',
    ]);
  });

  it.each<SummaryMode>([{ summary: 'true' }, { summary: 'text' }, { summary: 'data' }, { elements: ['note'] }])(
    'by %j is tagged once, and is sound',
    (mode) => {
      const once = summarise(observation, mode);
      expect((once as { meta: unknown }).meta).toEqual({ source: '#s', tag: [TAG] });
      expect((summarise(once, mode) as { meta: unknown }).meta).toEqual({ source: '#s', tag: [TAG] });
      expect(validateResource(once)).toEqual([]);
    },
  );

  it('gives a meta to what has none, after the id', () => {
    expect(keys({ summary: 'true' }, { resourceType: 'Patient', id: 'p', active: true })).toEqual([
      'resourceType',
      'id',
      'meta',
      'active',
    ]);
    expect(keys({ summary: 'true' }, { resourceType: 'Patient', active: true })).toEqual([
      'resourceType',
      'meta',
      'active',
    ]);
  });

  it('keeps the extensions of a primitive with it', () => {
    const patient = {
      resourceType: 'Patient',
      birthDate: '1970',
      _birthDate: { id: 'b' },
      multipleBirthInteger: 1,
      _multipleBirthInteger: { id: 'm' },
    };
    expect(keys({ summary: 'true' }, patient)).toEqual(['resourceType', 'meta', 'birthDate', '_birthDate']);
  });

  it('keeps numbers as they were written', () => {
    const outcome = parseJson(
      '{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":1.00}}',
    );
    if (outcome.problem !== undefined) throw new Error(outcome.problem.code);
    expect(JSON.stringify(summarise(outcome.exact, { summary: 'true' }))).toContain('{"value":1.00}');
  });

  it('leaves alone what is no resource of R4', () => {
    const value = { resourceType: 'Nothing', a: 1 };
    expect(summarise(value, { summary: 'true' })).toBe(value);
  });
});
