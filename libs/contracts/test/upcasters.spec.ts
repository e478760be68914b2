import { describe, expect, it } from '@jest/globals';
import type { Fact } from '@anamnesis/kernel';
import { upcast, upcasting } from '@anamnesis/contracts';

const fact = (type: string, schema: number, facts: Fact['facts']): Fact => ({ type, schema, facts });
const steps = {
  DoseGiven: [
    ({ facts, ...rest }: Fact): Fact => ({ ...rest, facts: { dose: { value: facts['mg'], unit: 'mg' } } }),
    ({ facts, ...rest }: Fact): Fact => ({ ...rest, facts: { ...facts, route: 'unknown' } }),
  ],
};

describe('upcasters', () => {
  it('an old shape takes every step to today, in order', () => {
    expect(upcasting(steps)(fact('DoseGiven', 1, { mg: 5 }))).toEqual(
      fact('DoseGiven', 3, { dose: { value: 5, unit: 'mg' }, route: 'unknown' }),
    );
  });

  it('a shape from between takes the steps that are left', () => {
    const between = fact('DoseGiven', 2, { dose: { value: 1, unit: 'g' } });
    expect(upcasting(steps)(between).facts).toEqual({ dose: { value: 1, unit: 'g' }, route: 'unknown' });
  });

  it('today’s shape, and a type that never changed, pass as they are', () => {
    const today = fact('DoseGiven', 3, {});
    const other = fact('constructor', 1, {});
    expect(upcasting(steps)(today)).toBe(today);
    expect(upcast(other)).toBe(other);
  });

  it('a step cannot lose the resource that the event carries', () => {
    const carrying: Fact = { ...fact('DoseGiven', 1, { mg: 5 }), resource: '{"resourceType":"Basic"}' };
    expect(upcasting(steps)(carrying).resource).toBe(carrying.resource);
  });
});
