import { describe, expect, it } from '@jest/globals';
import { Acknowledged } from '../src/kill/acknowledged.ts';
import { contentOf } from '../src/kill/content.ts';

const version = (number: number, content: string | undefined) => ({ name: 'Patient/a', version: number, content });

function told(...versions: ReturnType<typeof version>[]): Acknowledged {
  const acknowledged = new Acknowledged();
  for (const one of versions) expect(acknowledged.acknowledge([one])).toEqual([]);
  return acknowledged;
}

describe('what was acknowledged', () => {
  it('agrees with a history that has it all', () => {
    const both = [version(1, 'x'), version(2, undefined)];
    expect(told(...both).differences('Patient/a', both, true)).toEqual([]);
  });

  it('finds a write that was lost', () => {
    const found = told(version(1, 'x'), version(2, 'y')).differences('Patient/a', [version(1, 'x')], true);
    expect(found).toEqual(['acknowledged and lost: version 2 of Patient/a']);
  });

  it('finds another content', () => {
    expect(told(version(1, 'x')).differences('Patient/a', [version(1, 'z')], true)).toHaveLength(1);
    expect(told(version(1, undefined)).differences('Patient/a', [version(1, 'z')], true)).toHaveLength(1);
  });

  it('finds an effect that was doubled, once nothing is under way', () => {
    const history = [version(1, 'x'), version(2, 'x')];
    expect(told(version(1, 'x')).differences('Patient/a', history, true)).toHaveLength(1);
    expect(told(version(1, 'x')).differences('Patient/a', history, false)).toEqual([]);
  });

  it('finds a resource that nobody was told of', () => {
    expect(new Acknowledged().differences('Patient/b', [version(1, 'x')], true)).toHaveLength(1);
  });

  it('finds a gap', () => {
    expect(told(version(1, 'x')).differences('Patient/a', [version(1, 'x'), version(3, 'y')], false)).toHaveLength(1);
  });

  it('finds two answers that name the same version', () => {
    const acknowledged = told(version(1, 'x'));
    expect(acknowledged.acknowledge([version(1, 'y')])).toHaveLength(1);
  });

  it('knows what stands', () => {
    const acknowledged = told(version(2, undefined), version(1, 'x'));
    expect(acknowledged.current('Patient/a')).toBeUndefined();
    expect(acknowledged.countOf('Patient')).toBe(2);
    expect(acknowledged.touched()).toEqual(['Patient/a']);
    expect(acknowledged.touched()).toEqual([]);
  });
});

describe('content', () => {
  it('leaves out what the record adds, and the order of members', () => {
    const sent = { resourceType: 'Patient', name: [{ family: 'A' }], gender: 'other' };
    const stored = {
      resourceType: 'Patient',
      id: '1',
      meta: { versionId: '3', lastUpdated: 'then' },
      gender: 'other',
      name: [{ family: 'A' }],
    };
    expect(contentOf(stored)).toBe(contentOf(sent));
    expect(contentOf({ ...stored, name: [{ family: 'B' }] })).not.toBe(contentOf(sent));
    expect(contentOf({ ...sent, meta: { profile: ['p'] } })).not.toBe(contentOf(sent));
  });
});
