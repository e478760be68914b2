import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Condition, IndexEntry, Operation, Query, RangeTest, SortKey } from '@anamnesis/read-store';
import type { MongoReader } from '@anamnesis/read-store/mongo';
import { put, range, reference, text, token, uri } from '../src/contract/samples.ts';
import { enginePlans } from './mongo-engine.ts';
import { openMongo, type OpenedMongo } from './open-mongo.ts';

jest.setTimeout(300_000);

const planned = await enginePlans();
const suite = planned ? describe : describe.skip;

const by = (param: string, descending = false): SortKey => ({ param, descending });
const d = (prefix: RangeTest['prefix']): Condition => ({ param: 'd', range: { prefix, low: 40, high: 50 } });

interface Asked {
  readonly asks: string;
  readonly where?: Condition;
  readonly sort?: readonly SortKey[];
  /** Any of these, and nothing else. */
  readonly indexes: readonly string[];
  /** Whether the index has the order of the page too. */
  readonly ordered: boolean;
}

const QUESTIONS: readonly Asked[] = [
  { asks: 'for all of a type', indexes: ['by_type'], ordered: true },
  {
    asks: 'for all of a type by last update',
    sort: [by('_lastUpdated', true)],
    indexes: ['by_updated'],
    ordered: true,
  },
  { asks: 'by code', where: { param: 't', token: { code: '3' } }, indexes: ['by_key'], ordered: true },
  { asks: 'by system', where: { param: 't', token: { system: 'x' } }, indexes: ['by_key'], ordered: true },
  {
    asks: 'by system and code',
    where: { param: 't', token: { system: 'x', code: '3' } },
    indexes: ['by_key'],
    ordered: true,
  },
  {
    asks: 'by reference',
    where: { param: 'r', reference: { type: 'P', id: '7' } },
    indexes: ['by_key'],
    ordered: true,
  },
  { asks: 'by exact string', where: { param: 'n', string: { exact: 'Name 7' } }, indexes: ['by_key'], ordered: true },
  { asks: 'by URI', where: { param: 'u', uri: { exact: 'urn:7' } }, indexes: ['by_key'], ordered: true },
  {
    asks: 'by the beginnings of a URI',
    where: { param: 'u', uri: { above: 'urn:7:8' } },
    indexes: ['by_key'],
    ordered: true,
  },
  { asks: 'by presence', where: { param: 'n', missing: false }, indexes: ['by_type'], ordered: true },
  {
    asks: 'by two tokens',
    where: {
      all: [
        { param: 't', token: { code: '3' } },
        { param: 'r', reference: { id: '7' } },
      ],
    },
    indexes: ['by_key'],
    ordered: true,
  },
  {
    asks: 'by one of two codes',
    where: {
      any: [
        { param: 't', token: { code: '3' } },
        { param: 't', token: { code: '4' } },
      ],
    },
    indexes: ['by_key'],
    ordered: true,
  },
  {
    asks: 'by prefix',
    where: { param: 'n', string: { prefix: 'name 11' } },
    indexes: ['by_text', 'by_type'],
    ordered: false,
  },
  {
    asks: 'below a URI',
    where: { param: 'u', uri: { below: 'urn:1' } },
    indexes: ['by_text', 'by_type'],
    ordered: false,
  },
  ...(['eq', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const).map((prefix) => ({
    asks: `by range, ${prefix}`,
    where: d(prefix),
    indexes: ['by_text', 'by_type'],
    ordered: false,
  })),
  { asks: 'by subject', where: { subject: ['s1'] }, indexes: ['by_subject'], ordered: true },
  {
    asks: 'by last update',
    where: { lastUpdated: { prefix: 'ge', low: 1_100, high: 1_100 } },
    indexes: ['by_updated', 'by_type'],
    ordered: false,
  },
  { asks: 'by id', where: { ids: ['a7', 'a9'] }, indexes: ['_id_'], ordered: false },
  {
    asks: 'by what refers to few',
    where: { param: 'r', refersTo: { type: 'P', where: { ids: ['7'] } } },
    indexes: ['by_key'],
    ordered: true,
  },
  {
    asks: 'for a composite',
    where: {
      composite: [
        { param: 'c', token: { code: '3' } },
        { param: 'v', range: { prefix: 'gt', low: 5, high: 5 } },
      ],
    },
    indexes: ['by_key', 'by_text', 'by_type'],
    ordered: false,
  },
];

suite('the database finds a page by index, asked', () => {
  let opened: OpenedMongo;
  let reader: MongoReader;

  beforeAll(async () => {
    opened = await openMongo();
    const writer = await opened.store.writer('clinical');
    const many = Array.from({ length: 400 }, (_, index): Operation => {
      const entries: IndexEntry[] = [
        token('t', String(index % 9), index % 2 ? 'x' : 'y'),
        text('n', `Name ${index}`),
        range('d', index, index + (index % 3)),
        reference('r', 'P', String(index % 40)),
        uri('u', `urn:${index}`),
        { ...token('c', String(index % 9)), tuple: 1 },
        { ...range('v', index), tuple: 1 },
      ];
      return put(index + 1, 'Basic', `a${index}`, { entries, subject: `s${index % 20}` });
    });
    await writer.apply([...many, put(500, 'P', '7')], 500);
    reader = (await opened.store.reader('clinical')) as MongoReader;
  });
  afterAll(() => opened.cleanup());

  for (const { asks, where, sort = [], indexes, ordered } of QUESTIONS) {
    it(asks, async () => {
      const query: Query = { type: 'Basic', limit: 5, sort, ...(where === undefined ? {} : { where }) };
      const first = await reader.query(query);
      const pages: Query[] = first.next === undefined ? [query] : [query, { ...query, after: first.next }];
      for (const page of pages) {
        const { queryPlanner } = (await reader.explain(page)) as { queryPlanner: { winningPlan: object } };
        const plan = JSON.stringify(queryPlanner.winningPlan);
        expect(plan).not.toContain('COLLSCAN');
        const used = [...plan.matchAll(/"indexName":"(\w+)"/g)].map(([, name]) => name);
        expect(used.length).toBeGreaterThan(0);
        expect(used.filter((name) => !indexes.includes(name!))).toEqual([]);
        if (ordered) expect(plan).not.toContain('"SORT"');
      }
    });
  }
});

describe('explain', () => {
  it(
    planned ? 'is held to indexes on this engine' : 'is not held to indexes: this engine plans one clause at most',
    () => {
      expect(typeof planned).toBe('boolean');
    },
  );
});
