import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fault } from '@anamnesis/kernel';
import { mongo } from 'mongoose';
import { purge, put, range, remove, text, token } from '../src/contract/samples.ts';
import { asFault } from '../src/mongo/faults.ts';
import { ALL, and, NONE, not, or, textFrom } from '../src/mongo/filters.ts';
import { foldOperations, stretches, type DocumentOperation } from '../src/mongo/folded-operations.ts';
import { entryFields } from '../src/mongo/indexed-fields.ts';
import { Keys } from '../src/mongo/keys.ts';
import { laneField, modelProgress, neededOfBuild, type ModelState } from '../src/mongo/model-state.ts';
import { orderedNumber } from '../src/mongo/ordered-number.ts';

describe('numbers as text', () => {
  it('have the order of numbers', () => {
    const number = fc.double({ noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [x, y] = [orderedNumber(a), orderedNumber(b)];
        expect(x < y ? -1 : Number(x > y)).toBe(a < b ? -1 : Number(a > b));
      }),
    );
    expect(orderedNumber(-0)).toBe(orderedNumber(0));
  });
});

describe('filters', () => {
  it('of everything and of nothing are known as such', () => {
    expect(and([])).toEqual(ALL);
    expect(and([{ k: 1 }, NONE])).toBe(NONE);
    expect(or([])).toBe(NONE);
    expect(or([{ k: 1 }, ALL])).toBe(ALL);
    expect(not(ALL)).toBe(NONE);
    expect(not(NONE)).toBe(ALL);
  });

  it('on several fields are one clause each, and a second on one field loses nothing', () => {
    expect(and([{ k: 1 }, { t: 'x' }, { k: 2 }, { $and: [{ k: 3 }] }])).toEqual({
      k: 1,
      t: 'x',
      $and: [{ k: 2 }, { k: 3 }],
    });
  });

  it('for any of many hashes are one clause', () => {
    expect(or([{ k: 1 }, { k: { $in: [2, 3] } }, { k: 1 }])).toEqual({ k: { $in: [1, 2, 3] } });
    expect(
      or([
        { k: 1, y: 8 },
        { k: 2, y: 9 },
      ]),
    ).toEqual({ k: { $in: [1, 2] }, y: { $in: [8, 9] } });
    expect(or([{ k: 1 }, { t: 'x' }])).toEqual({ $or: [{ k: 1 }, { t: 'x' }] });
  });

  it('by prefix end before what comes next', () => {
    expect(textFrom('ab')).toEqual({ s: { $elemMatch: { $gte: 'ab', $lt: 'ac' } } });
  });
});

describe('index fields', () => {
  const keys = new Keys([1, 2]);

  it('of equal values of two parameters, or of two kinds, have nothing in common', () => {
    const values = (['token', 'string', 'uri', 'reference'] as const).flatMap((kind) => [
      keys.value('Basic', 'a', kind, 'x'),
      keys.value('Basic', 'b', kind, 'x'),
      keys.value('Other', 'a', kind, 'x'),
    ]);
    expect(new Set(values).size).toBe(values.length);
    expect(new Keys([1, 3]).value('Basic', 'a', 'token', 'x')).not.toBe(keys.value('Basic', 'a', 'token', 'x'));
  });

  it('hold no value twice, keep composite values apart, and what sorts least and most', () => {
    const fields = entryFields(keys, 'Basic', [
      token('t', '1'),
      token('t', '1'),
      text('n', 'b'),
      text('n', 'a'),
      text('n', '\u{1F600}'),
      text('n', '\uFFFD'),
      { ...range('v', -Infinity, 3), tuple: 2 },
    ]);
    expect(new Set(fields.k).size).toBe(fields.k.length);
    const n = keys.name('Basic', 'n');
    expect([fields.o[n], fields.m[n]]).toEqual(['a', '\u{1F600}']);
    expect(fields.c.map(({ n: number, r }) => [number, r.length])).toEqual([[2, 1]]);
    expect(fields.r[0]).toMatchObject({ l: -Number.MAX_VALUE, h: 3 });
    expect(fields.o[keys.name('Basic', 't')]).toBe('1');
    expect(fields.m[keys.name('Basic', 't')]).toBeUndefined();
  });

  it('forget parameters that nobody has, without losing their hashes', () => {
    const before = keys.value('Basic', 't', 'token', 'x');
    for (let index = 0; index < 20_001; index += 1) keys.name('Basic', `hostile-${index}`);
    expect(keys.value('Basic', 't', 'token', 'x')).toBe(before);
  });
});

describe('batches', () => {
  it('come to one operation a document, the newest, with the place of the first and its last owner', () => {
    const operations = [
      put(5, 'Basic', 'a', { subject: 's' }),
      put(3, 'Basic', 'a'),
      remove(6, 'Basic', 'a'),
      put(4, 'Basic', 'b'),
    ];
    const folded = foldOperations(operations as DocumentOperation[]);
    expect(folded.map(({ key, newest, first }) => [key, newest.position, first])).toEqual([
      ['Basic/a', 6, 3],
      ['Basic/b', 4, 4],
    ]);
    expect(folded[0]!.owner).toEqual({ subject: 's', position: 5 });
  });

  it('are cut at erasures', () => {
    const cut = stretches([put(1, 'Basic', 'a'), purge(2, 's'), purge(3, 'x'), put(4, 'Basic', 'b')]);
    expect(cut.map(({ documents, purge: after }) => [documents.length, after?.position])).toEqual([
      [1, 2],
      [0, 3],
      [1, undefined],
    ]);
  });
});

describe('lanes', () => {
  const state = (changes: Partial<ModelState>): ModelState => ({
    _id: 'clinical',
    version: 1,
    seed: [0, 0],
    last: 2,
    live: 1,
    building: { generation: 2, builder: 'b', beat: 0, through: 10 },
    lanes: ['a', 'b'],
    generations: {
      g1: { layout: 1, floor: 4, lanes: { a: 9 }, from: {} },
      g2: { layout: 1, floor: 0, lanes: {}, from: {} },
    },
    erasures: 0,
    retired: [],
    ...changes,
  });

  it('are named by what a field may be called', () => {
    const names = ['anamnesis.patients/0', 'anamnesis patients/0', '$a', 'a%2Eb', 'a.b', ''];
    expect(names.map(laneField).join('')).not.toMatch(/[.$\0]/);
    expect(new Set(names.map(laneField)).size).toBe(names.length);
  });

  it('hold a model at the last of them, and one that was built at least at where it was built to', () => {
    expect(modelProgress(state({}))).toBe(4);
    expect(modelProgress(state({ lanes: ['a'] }))).toBe(9);
    expect(modelProgress(state({ lanes: [] }))).toBe(4);
    expect(modelProgress(state({ live: null }))).toBe(0);
  });

  it('want of a build what they wrote before they joined it', () => {
    expect(neededOfBuild(state({}))).toBe(9);
    const joined = {
      g1: { layout: 1, floor: 4, lanes: { a: 9 }, from: {} },
      g2: { layout: 1, floor: 0, lanes: { a: 9 }, from: { a: 6 } },
    };
    expect(neededOfBuild(state({ generations: joined }))).toBe(6);
    expect(neededOfBuild(state({ building: null }))).toBe(0);
  });
});

describe('an error of the driver', () => {
  const code = (number: number) => new mongo.MongoServerError({ code: number, message: 'value Zebulon' });
  const told = (error: unknown) => asFault(error) as Fault;

  it('is a fault of a kind that says what can be done', () => {
    expect(told(new mongo.MongoNetworkError('x'))).toMatchObject({ code: 'store-unavailable', retryable: true });
    expect(told(code(14031))).toMatchObject({ code: 'store-full', retryable: false });
    expect(told(code(50))).toMatchObject({ code: 'overloaded', retryable: false });
    expect(told(code(13))).toMatchObject({ code: 'store-unavailable', retryable: false });
    const moved = new mongo.MongoServerError({ code: 10107, message: 'x', errorLabels: ['RetryableWriteError'] });
    expect(told(moved)).toMatchObject({ code: 'store-unavailable', retryable: true });
    expect(told(code(10334))).toBeInstanceOf(RangeError);
    const fault = new Fault('stopping', 'x');
    expect(asFault(fault)).toBe(fault);
    const bug = new TypeError('x');
    expect(asFault(bug)).toBe(bug);
  });

  it('says nothing of documents', () => {
    for (const number of [2, 13, 50, 11000, 14031]) {
      const error = told(code(number));
      expect(`${error.message} ${error.stack} ${String((error.cause as Error | undefined)?.stack)}`).not.toContain(
        'Zebulon',
      );
    }
  });
});
