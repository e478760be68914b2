import { describe, expect, it } from '@jest/globals';
import { extractEntries } from '../../src/search/index.ts';

describe('entries of a large document', () => {
  it('are each said once, few or many', () => {
    const item = (n: number): unknown => ({ item: { reference: `Patient/${n % 100}` } });
    const list = { resourceType: 'List', entry: Array.from({ length: 1_000 }, (_one, n) => item(n)) };
    const found = extractEntries('List', list).filter(({ param }) => param === 'item');
    expect(found).toHaveLength(100);
    expect(new Set(found.map((entry) => (entry.kind === 'reference' ? entry.id : ''))).size).toBe(100);
  });
});
