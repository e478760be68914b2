import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Operation, Query } from '@anamnesis/read-store';
import { matching, type OracleDocument } from '@anamnesis/read-store/contract';
import { BatchWriter } from '../src/embedded/batch-writer.ts';
import { createGeneration, openGeneration } from '../src/embedded/schema.ts';
import { Search } from '../src/embedded/search.ts';
import { operations, queries } from '../src/contract/random-samples.ts';

const SEED = 4_711;

/** Small worlds are always sorted; here every plan that large ones get is made to answer the same questions. */
describe('a query is answered alike whichever way it is run', () => {
  let folder: string;
  let db: ReturnType<typeof openGeneration>;
  const world: OracleDocument[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-store-'));
    const path = join(folder, 'model-1.sqlite');
    createGeneration(path);
    db = openGeneration(path, 'live', { cacheBytes: 1 << 20 });
    const drafts = fc.sample(operations, { seed: SEED, numRuns: 12 }).flat();
    const puts = drafts.flatMap((draft, index) =>
      'entries' in draft ? [{ ...draft, body: '{}', id: `${draft.id}-${index % 5}` }] : [],
    );
    const newest = new Map(puts.map((put) => [`${put.type}/${put.id}`, put]));
    new BatchWriter(db).apply(
      puts.map((put, index): Operation => ({ put, position: index + 1 })),
      puts.length,
    );
    const first = [...new Set(puts.map((put) => `${put.type}/${put.id}`))];
    world.push(...first.map((key) => newest.get(key)!));
  });

  afterAll(async () => {
    db.close();
    await rm(folder, { recursive: true, force: true });
  });

  function pages(search: Search, query: Query): string[] {
    const ids: string[] = [];
    for (let page = search.query(query); ; page = search.query({ ...query, after: page.next! })) {
      ids.push(...Array.from(page.documents, ({ id }) => id));
      if (page.next === undefined) return ids;
    }
  }

  it.each([
    ['sorted', Number.MAX_SAFE_INTEGER],
    ['in order', 1],
  ])('%s', (_, worth) => {
    const search = new Search(db, Infinity, () => worth);
    for (const query of fc.sample(queries, { seed: SEED + 1, numRuns: 500 })) {
      const expected = matching(world, query.type, query.where, query.sort).map(({ id }) => id);
      expect([JSON.stringify(query), pages(search, query)]).toEqual([JSON.stringify(query), expected]);
    }
  });
});
