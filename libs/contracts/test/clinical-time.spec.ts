import { describe, expect, it } from '@jest/globals';
import { CLINICAL_TIME, clinicalTime, storableTypes } from '../src/index.ts';

describe('clinical time', () => {
  it('names only types that are stored', () => {
    expect(Object.keys(CLINICAL_TIME).filter((type) => !storableTypes().includes(type))).toEqual([]);
  });

  it('is the first element that is there', () => {
    expect(clinicalTime('Observation', { effectiveDateTime: '2020-01-01', issued: '2021-01-01T00:00:00Z' })).toEqual({
      start: '2020-01-01',
    });
    expect(clinicalTime('Observation', { issued: '2021-01-01T00:00:00Z' })).toEqual({ start: '2021-01-01T00:00:00Z' });
    expect(clinicalTime('Encounter', { period: { start: '2020-01-01', end: '2020-01-03' } })).toEqual({
      start: '2020-01-01',
      end: '2020-01-03',
    });
  });

  it('is absent where the resource says nothing, or the type has none', () => {
    expect(clinicalTime('Observation', {})).toEqual({});
    expect(clinicalTime('Organization', { name: 'x' })).toEqual({});
    expect(clinicalTime('Condition', { onsetPeriod: null } as never)).toEqual({});
  });
});
