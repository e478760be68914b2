import { describe, expect, it } from '@jest/globals';
import { derivedId, newId, UUID } from '../src/index.ts';

describe('ids', () => {
  it('are version 7 UUIDs that grow, also within a millisecond', () => {
    const ids = Array.from({ length: 10_000 }, () => newId(1_700_000_000_000));
    expect(ids.every((id) => UUID.test(id) && id[14] === '7' && '89ab'.includes(id[19]!))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('derived from a command are the same again, and differ by place', () => {
    const command = newId();
    expect(derivedId(command, 0)).toBe(derivedId(command, 0));
    expect(derivedId(command, 0)).not.toBe(derivedId(command, 1));
    expect(derivedId(command, 0)).not.toBe(derivedId(newId(), 0));
  });

  it('derived from a version 7 command keep its time; from anything else they are opaque', () => {
    const command = newId();
    expect(derivedId(command, 'resource 0').slice(0, 13)).toBe(command.slice(0, 13));
    const opaque = derivedId('an idempotency key', 0);
    expect(opaque).toMatch(UUID);
    expect(opaque[14]).toBe('8');
  });
});
