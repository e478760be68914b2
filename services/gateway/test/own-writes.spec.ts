import { describe, expect, it } from '@jest/globals';
import { OwnWrites } from '../src/fhir/own-writes.ts';

describe("a session's own writes", () => {
  it('are known by the last of them', () => {
    const writes = new OwnWrites();
    expect(writes.of('a')).toBe(0);
    writes.note('a', 7);
    writes.note('a', 5); // an answer that was overtaken
    writes.note('b', 9);
    expect(writes.of('a')).toBe(7);
    expect(writes.of('b')).toBe(9);
  });

  it('are forgotten in the order of writing when there are too many', () => {
    const writes = new OwnWrites(2);
    writes.note('a', 1);
    writes.note('b', 2);
    writes.note('a', 3);
    writes.note('c', 4);
    expect(writes.of('b')).toBe(0);
    expect(writes.of('a')).toBe(3);
    expect(writes.of('c')).toBe(4);
  });
});
