import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Operation, Query } from '@anamnesis/read-store';
import { matching, type OracleDocument } from '@anamnesis/read-store/contract';
import { operations, queries } from '../src/contract/random-samples.ts';
import { Database } from '../src/mongo/database.ts';
import { Keys } from '../src/mongo/keys.ts';
import { Pointer } from '../src/mongo/pointer.ts';
import { Search } from '../src/mongo/search.ts';
import { mongoUrl, openMongo, type OpenedMongo } from './open-mongo.ts';

jest.setTimeout(600_000);
const SEED = 4_711;

/** In small worlds few documents lie behind a chain; here what is done where many do answers the same questions. */
describe('a chain is answered alike whichever end it is followed from', () => {
  let opened: OpenedMongo;
  let database: Database;
  let world: OracleDocument[];

  beforeAll(async () => {
    opened = await openMongo();
    database = new Database({ url: mongoUrl(), database: opened.database });
    const drafts = fc.sample(operations, { seed: SEED, numRuns: 12 }).flat();
    const puts = drafts.flatMap((draft, index) =>
      'entries' in draft ? [{ ...draft, body: '{}', id: `${draft.id}-${index % 5}` }] : [],
    );
    const newest = new Map(puts.map((put) => [`${put.type}/${put.id}`, put]));
    const writer = await opened.store.writer('clinical');
    await writer.apply(
      puts.map((put, index): Operation => ({ put, position: index + 1 })),
      puts.length,
    );
    const first = [...new Set(puts.map((put) => `${put.type}/${put.id}`))];
    world = first.map((key) => newest.get(key)!);
  });

  afterAll(async () => {
    await database.close();
    await opened.cleanup();
  });

  async function pages(few: number, query: Query): Promise<string[]> {
    const state = (await new Pointer(database, 'clinical').read())!;
    const documents = await database.documents('clinical', state.live!);
    const ids: string[] = [];
    const ask = (one: Query) =>
      new Search(documents, new Keys(state.seed), 60_000, { chain: few, subjectOf: few }).query(one, 0);
    for (let page = await ask(query); ; page = await ask({ ...query, after: page.next! })) {
      ids.push(...page.documents.map(({ id }) => id));
      if (page.next === undefined) return ids;
    }
  }

  it.each([
    ['what lies behind it first', 1_000_000],
    ['the documents first', 0],
  ])('%s', async (_, few) => {
    for (const query of fc.sample(queries, { seed: SEED + 1, numRuns: 300 })) {
      const expected = matching(world, query.type, query.where, query.sort).map(({ id }) => id);
      expect([JSON.stringify(query), await pages(few, query)]).toEqual([JSON.stringify(query), expected]);
    }
  });
});
