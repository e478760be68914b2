import { describe, expect, it } from '@jest/globals';
import { readInfinite, writeInfinite } from '../src/infinite-json.ts';

describe('JSON with infinite ends', () => {
  it('brings intervals through as they are', () => {
    const where = { param: 'date', range: { prefix: 'ge', low: 1.5, high: Infinity } };
    const asked = [{ type: 'Observation', where: { all: [where, { range: { low: -Infinity, high: 3 } }] } }];
    expect(readInfinite(writeInfinite(asked))).toEqual(asked);
  });

  it('leaves a text alone that looks like one', () => {
    const asked = [{ string: { exact: '\u221e' } }];
    expect(readInfinite(writeInfinite(asked))).toEqual(asked);
  });
});
