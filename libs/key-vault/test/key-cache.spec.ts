import { describe, expect, it } from '@jest/globals';
import { KeyCache } from '../src/key-cache.ts';
import { auditMonth, keyOwnerOf, type KeyOwner } from '../src/index.ts';

const owner = (n: number): KeyOwner => ({ subject: `s${n}`, dataClass: 'clinical' });
const key = (n: number): Uint8Array => new Uint8Array(32).fill(n);

describe('the cache of unwrapped keys', () => {
  it('holds no more than its capacity', () => {
    const cache = new KeyCache(10);
    for (let n = 1; n <= 100; n++) cache.set(owner(n), key(n));
    expect(cache.size).toBe(10);
  });

  it('lets the unused go first and keeps what is in use', () => {
    const cache = new KeyCache(10);
    cache.set(owner(1), key(1));
    for (let n = 2; n <= 100; n++) {
      cache.set(owner(n), key(n));
      expect(cache.get(owner(1))).toEqual(key(1));
    }
    expect(cache.get(owner(50))).toBeUndefined();
  });

  it('makes room also when every key is in use', () => {
    const cache = new KeyCache(3);
    for (let n = 1; n <= 3; n++) {
      cache.set(owner(n), key(n));
      cache.get(owner(n));
    }
    cache.set(owner(4), key(4));
    expect(cache.size).toBe(3);
    expect(cache.get(owner(4))).toEqual(key(4));
  });

  it('overwrites a key that leaves, by want of room, by eviction and by replacement', () => {
    const cache = new KeyCache(1);
    cache.set(owner(1), key(1));
    const first = cache.get(owner(1))!;
    cache.get(owner(1));
    cache.set(owner(2), key(2));
    expect(first).toEqual(new Uint8Array(32));
    const second = cache.get(owner(2))!;
    cache.set(owner(2), key(3));
    expect(second).toEqual(new Uint8Array(32));
    const third = cache.get(owner(2))!;
    cache.evict();
    expect(third).toEqual(new Uint8Array(32));
    expect(cache.size).toBe(0);
  });

  it('keeps a copy: what the caller does with its bytes changes nothing', () => {
    const cache = new KeyCache(2);
    const mine = key(5);
    cache.set(owner(1), mine);
    mine.fill(9);
    expect(cache.get(owner(1))).toEqual(key(5));
  });

  it('evicts every class of a subject and nothing else', () => {
    const cache = new KeyCache(10);
    for (const dataClass of ['clinical', 'financial', 'access'] as const)
      cache.set({ subject: 'a', dataClass }, key(1));
    cache.set(owner(2), key(2));
    cache.evict('a');
    expect(cache.size).toBe(1);
    expect(cache.get(owner(2))).toEqual(key(2));
  });
});

describe('the owner of an event’s key', () => {
  it.each([
    [{ subject: 'x', dataClass: 'clinical' }, 'x'],
    [{ dataClass: 'clinical' }, 'network'],
    [{ dataClass: 'access', sealedBy: 'audit-2024-02' }, 'audit-2024-02'],
  ] as const)('%j is %s', (meta, subject) => {
    expect(keyOwnerOf(meta)).toEqual({ subject, dataClass: meta.dataClass });
  });

  it('names an audit month in UTC', () => {
    expect(auditMonth(Date.parse('2024-02-29T23:59:59.999Z'))).toBe('audit-2024-02');
    expect(auditMonth(Date.parse('2024-02-29T23:59:59.999-01:00'))).toBe('audit-2024-03');
  });
});
