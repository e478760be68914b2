import { describe, expect, it } from '@jest/globals';
import { coversInstant, endOf, instantIn, refuseMoment } from '../src/fhir/as-of.ts';
import { FhirProblem } from '../src/fhir/problem.ts';

const at = (text: string): number => Date.parse(text);

describe('a moment that is asked for', () => {
  it.each([
    ['2019', '2019-12-31T23:59:59.999Z'],
    ['2019-02', '2019-02-28T23:59:59.999Z'],
    ['2020-02', '2020-02-29T23:59:59.999Z'],
    ['2019-03-04', '2019-03-04T23:59:59.999Z'],
    ['2019-03-04T05:06Z', '2019-03-04T05:06:59.999Z'],
    ['2019-03-04T05:06:07Z', '2019-03-04T05:06:07.000Z'],
    ['2019-03-04T05:06:07.25+02:00', '2019-03-04T03:06:07.250Z'],
    ['2019-03-04T23:30:00-05:00', '2019-03-05T04:30:00.000Z'],
  ])('%s stands for its end', (text, end) => expect(endOf(text)).toBe(at(end)));

  it.each([
    '',
    '19',
    '2019-13',
    '2019-02-30',
    '2019-02-29',
    '2019-03-04T24:00Z',
    '2019-03-04T05:06',
    'yesterday',
    '2019-03-04T05:60:00Z ',
  ])('%s is no moment', (text) => expect(endOf(text)).toBeUndefined());

  it('that does not exist is refused, and the refusal names the parameter', () => {
    expect(() => instantIn('2019-02-30', '_asOf')).toThrow(FhirProblem);
    try {
      instantIn('2019-02-30', '_asOf');
    } catch (error) {
      expect((error as FhirProblem).issues[0]?.expression).toEqual(['http._asOf']);
    }
  });

  it('may carry a zone whose plus sign came as a blank', () => {
    expect(instantIn('2019-03-04T05:06:07 02:00', '_asOf')).toBe(at('2019-03-04T03:06:07Z'));
  });

  it('is refused where it cannot be answered', () => {
    expect(() => refuseMoment([['_asOf', '2019']])).toThrow(FhirProblem);
    expect(() => refuseMoment([['name', 'x']])).not.toThrow();
  });
});

describe('what was true at a moment', () => {
  const recorded = at('2021-01-01T00:00:00Z');
  const covers = (type: string, resource: Record<string, unknown>, moment: string): boolean =>
    coversInstant(type, resource, recorded, at(moment));

  it('is what began before and had not ended', () => {
    const stay = { period: { start: '2020-03-01T10:00:00Z', end: '2020-03-05' } };
    expect(covers('Encounter', stay, '2020-03-01T09:59:59Z')).toBe(false);
    expect(covers('Encounter', stay, '2020-03-01T10:00:00Z')).toBe(true);
    expect(covers('Encounter', stay, '2020-03-05T23:00:00Z')).toBe(true);
    expect(covers('Encounter', stay, '2020-03-06T00:00:00Z')).toBe(false);
  });

  it('counts from its recording where it has no clinical time', () => {
    expect(covers('Organization', {}, '2020-12-31T00:00:00Z')).toBe(false);
    expect(covers('Organization', {}, '2021-01-02T00:00:00Z')).toBe(true);
  });

  it('begins with the year that is all that is known', () => {
    expect(covers('Condition', { onsetDateTime: '1999' }, '1999-01-01T00:00:00Z')).toBe(true);
    expect(covers('Condition', { onsetDateTime: '1999' }, '1998-12-31T23:59:59Z')).toBe(false);
  });
});
