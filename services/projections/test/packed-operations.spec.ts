import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IndexEntry, Operation } from '@anamnesis/read-store';
import { pack, unpack } from '../src/rebuild/packed-operations.ts';
import { Stretches } from '../src/rebuild/stretches.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const position = fc.nat();
const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.option(value).map((one): Record<string, T> => (one === null ? {} : { [key]: one }));
const bound = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(-Infinity, Infinity));
const entry = fc
  .tuple(
    fc.oneof(
      fc.record({ kind: fc.constant('token'), param: text, system: text, code: text }),
      fc.record({ kind: fc.constant('string'), param: text, value: text, normalised: text }),
      fc
        .tuple(
          fc.record({ kind: fc.constant('range'), param: text, low: bound, high: bound }),
          optional('system', text),
          optional('code', text),
        )
        .map((all) => Object.assign({}, ...all) as object),
      fc.record({ kind: fc.constant('reference'), param: text, type: text, id: text }),
      fc.record({ kind: fc.constant('uri'), param: text, value: text }),
    ),
    optional('tuple', fc.integer({ min: 1, max: 9 })),
  )
  .map(([one, tuple]) => ({ ...one, ...tuple }) as IndexEntry);
const put = fc
  .tuple(
    fc.record({ type: text, id: text, body: text, lastUpdated: position, entries: fc.array(entry, { maxLength: 4 }) }),
    optional('subject', text),
  )
  .map(([one, subject]) => ({ ...one, ...subject }));
const operation = fc.oneof(
  fc.record({ put, position }),
  fc.record({ remove: fc.record({ type: text, id: text }), position }),
  fc.record({ purge: fc.record({ subject: text }), position }),
) as fc.Arbitrary<Operation>;

describe('packed operations', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 8 }), (operations) => {
        const packed = pack(operations);
        expect(unpack(structuredClone(packed, { transfer: [packed.numbers.buffer] }))).toEqual(operations);
      }),
    );
  });

  it('have room for more than their first block', () => {
    const entries = Array.from({ length: 9_000 }, (_one, i): IndexEntry => ({
      param: 'p',
      kind: 'uri',
      value: String(i),
    }));
    const operations: Operation[] = [{ put: { type: 'T', id: 'i', body: '{}', lastUpdated: 1, entries }, position: 1 }];
    expect(unpack(pack(operations))).toEqual(operations);
  });
});

describe('stretches of the log', () => {
  const empty = pack([]);

  it('cover it without a gap, up to its head', () => {
    const stretches = new Stretches();
    expect(stretches.next(625)).toEqual({ from: 0, to: 250 });
    expect(stretches.next(625)).toEqual({ from: 250, to: 500 });
    expect(stretches.next(625)).toEqual({ from: 500, to: 625 });
    expect(stretches.next(625)).toBeUndefined();
    expect(stretches.next(626)).toEqual({ from: 625, to: 626 });
  });

  it('come back in order, whichever is done first', () => {
    const stretches = new Stretches();
    const [first, second] = [stretches.next(500)!, stretches.next(500)!];
    stretches.put({ ...second, packed: empty, events: 0 });
    expect(stretches.take()).toBeUndefined();
    stretches.put({ ...first, packed: empty, events: 0 });
    expect(stretches.take()).toMatchObject(first);
    expect(stretches.taken).toBe(250);
    expect(stretches.take()).toMatchObject(second);
    expect(stretches.take()).toBeUndefined();
    expect(stretches.taken).toBe(500);
  });
});
