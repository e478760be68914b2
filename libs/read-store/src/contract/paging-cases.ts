import assert from 'node:assert/strict';
import type { Query, SortKey } from '../query.ts';
import {
  found,
  holding,
  idsOf,
  put,
  range,
  reference,
  refuses,
  remove,
  text,
  token,
  type ReadStoreCase,
} from './samples.ts';

const by = (param: string, descending = false): SortKey => ({ param, descending });
const letters = 'abcdefghij'.split('');

/** Order, pages and totals. */
export const pagingCases: readonly ReadStoreCase[] = [
  {
    name: 'pages of any size show every document once, in the order of its first appearance',
    async run(opening) {
      const { reader } = await holding(opening, ...letters.map((id, index) => put(index + 1, 'Basic', id)));
      for (const limit of [1, 3, 9, 10, 11])
        assert.deepEqual(await found(reader, 'Basic', undefined, { limit }), letters);
    },
  },
  {
    name: 'there is a next page exactly when there is more',
    async run(opening) {
      const { reader } = await holding(opening, ...letters.map((id, index) => put(index + 1, 'Basic', id)));
      assert.equal((await reader.query({ type: 'Basic', limit: 10 })).next, undefined);
      assert.equal(typeof (await reader.query({ type: 'Basic', limit: 9 })).next, 'string');
    },
  },
  {
    name: 'the total counts every match, on every page, when it is asked for',
    async run(opening) {
      const { reader } = await holding(
        opening,
        ...letters.map((id, index) => put(index + 1, 'Basic', id, { entries: [token('t', '1')] })),
      );
      const query: Query = { type: 'Basic', where: { param: 't', token: { code: '1' } }, limit: 4, total: true };
      const first = await reader.query(query);
      assert.equal(first.total, 10);
      assert.equal((await reader.query({ ...query, after: first.next! })).total, 10);
      assert.equal((await reader.query({ ...query, total: false })).total, undefined);
    },
  },
  {
    name: 'documents are sorted by entries of every kind, missing ones last both ways',
    async run(opening) {
      const { reader } = await holding(
        opening,
        put(1, 'Basic', 'a', {
          entries: [text('n', 'beta'), range('d', 3), token('t', 'y'), reference('r', 'X', '2')],
        }),
        put(2, 'Basic', 'b', {
          entries: [
            text('n', 'alpha'),
            text('n', 'zeta'),
            range('d', 1),
            range('d', 9),
            token('t', 'x'),
            token('t', 'z'),
            reference('r', 'X', '1'),
          ],
        }),
        put(3, 'Basic', 'c'),
        put(4, 'Basic', 'd', {
          entries: [text('n', 'gamma'), range('d', 2), token('t', 'yy'), reference('r', 'X', '3')],
        }),
      );
      const sorted = (...sort: SortKey[]) => found(reader, 'Basic', undefined, { sort, limit: 3 });
      for (const param of ['n', 'd', 't']) assert.deepEqual((await sorted(by(param)))[0], 'b', param);
      assert.deepEqual(await sorted(by('n')), ['b', 'a', 'd', 'c']);
      assert.deepEqual(await sorted(by('n', true)), ['b', 'd', 'a', 'c']);
      assert.deepEqual(await sorted(by('d')), ['b', 'd', 'a', 'c']);
      assert.deepEqual(await sorted(by('d', true)), ['b', 'a', 'd', 'c']);
      assert.deepEqual(await sorted(by('t')), ['b', 'a', 'd', 'c']);
      assert.deepEqual(await sorted(by('t', true)), ['b', 'd', 'a', 'c']);
      assert.deepEqual(await sorted(by('r', true)), ['d', 'a', 'b', 'c']);
      assert.deepEqual(await sorted(by('_id', true)), ['d', 'c', 'b', 'a']);
      assert.deepEqual(await sorted(by('_lastUpdated', true)), ['d', 'c', 'b', 'a']);
      assert.deepEqual(await sorted(by('never')), ['a', 'b', 'c', 'd']);
    },
  },
  {
    name: 'later sort keys decide where earlier ones are alike',
    async run(opening) {
      const of = (n: string, d: number) => ({ entries: [text('n', n), range('d', d)] });
      const { reader } = await holding(
        opening,
        put(1, 'Basic', 'a', of('x', 1)),
        put(2, 'Basic', 'b', of('x', 2)),
        put(3, 'Basic', 'c', of('w', 3)),
        put(4, 'Basic', 'd', { entries: [text('n', 'x')] }),
      );
      for (const limit of [1, 2, 10]) {
        const sort = [by('n'), by('d', true)];
        assert.deepEqual(await found(reader, 'Basic', undefined, { sort, limit }), ['c', 'b', 'a', 'd']);
      }
    },
  },
  {
    name: 'nothing is shown twice or skipped while others come, change and go',
    async run(opening) {
      const many = Array.from({ length: 30 }, (_, index) => `m${index}`);
      const entries = (index: number) => [range('d', (index * 7) % 10), text('n', `n${(index * 3) % 5}`)];
      for (const [round, sort] of [[], [by('d')], [by('n', true), by('d')], [by('_lastUpdated', true)]].entries()) {
        const type = `Basic${round}`;
        const base = 1_000 * (round + 1);
        const { reader, writer } = await holding(
          opening,
          ...many.map((id, index) => put(base + index, type, id, { entries: entries(index) })),
        );
        const seen: string[] = [];
        const query: Query = { type, limit: 4, sort };
        let position = base + 100;
        for (let page = await reader.query(query); ; page = await reader.query({ ...query, after: page.next! })) {
          seen.push(...idsOf(page));
          if (page.next === undefined) break;
          await writer.apply(
            [
              remove((position += 1), type, `m${(position * 2) % 10}`),
              put((position += 1), type, `m${10 + (position % 5)}`, { entries: entries(position % 30) }),
              put((position += 1), type, `new${position}`, { entries: entries(position % 7) }),
            ],
            position,
          );
        }
        await writer.close();
        await reader.close();
        const untouched = many.slice(15);
        assert.deepEqual(seen.filter((id) => untouched.includes(id)).toSorted(), untouched.toSorted(), `sort ${round}`);
        if (sort.length === 0) assert.equal(new Set(seen).size, seen.length);
      }
    },
  },
  {
    name: 'a cursor of a document that is gone, or moved, still marks its place',
    async run(opening) {
      const { reader, writer } = await holding(
        opening,
        ...letters.map((id, index) => put(index + 1, 'Basic', id, { entries: [range('d', index)] })),
      );
      const sort = [by('d')];
      const sorted = await reader.query({ type: 'Basic', limit: 3, sort });
      await writer.apply([put(20, 'Basic', 'c', { entries: [range('d', 99)] })], 20);
      assert.deepEqual(idsOf(await reader.query({ type: 'Basic', limit: 1, sort, after: sorted.next! })), ['d']);
      const page = await reader.query({ type: 'Basic', limit: 4 });
      await writer.apply([remove(21, 'Basic', 'd')], 21);
      assert.equal(idsOf(await reader.query({ type: 'Basic', limit: 1, after: page.next! }))[0], 'e');
    },
  },
  {
    name: 'a cursor that was altered, or belongs to another query, is refused',
    async run(opening) {
      const { reader } = await holding(
        opening,
        ...letters.map((id, index) => put(index + 1, 'Basic', id, { entries: [range('d', index)] })),
      );
      const query: Query = { type: 'Basic', limit: 2, sort: [by('d')] };
      const next = (await reader.query(query)).next!;
      const altered = next.slice(0, -4) + (next.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      for (const after of [
        altered,
        next.slice(1),
        next.slice(0, 8),
        '',
        'not a cursor',
        `${next}AAAA`,
        'é'.repeat(40),
      ]) {
        await refuses('cursor-invalid', () => reader.query({ ...query, after }));
      }
      await refuses('cursor-invalid', () => reader.query({ ...query, sort: [by('d', true)], after: next }));
      await refuses('cursor-invalid', () => reader.query({ ...query, type: 'Other', after: next }));
      await refuses('cursor-invalid', () => reader.query({ ...query, where: { ids: ['a'] }, after: next }));
      assert.equal((await reader.query({ ...query, limit: 5, after: next })).documents.length, 5);
    },
  },
  {
    name: 'a query that is nested too deep is refused',
    async run(opening) {
      const { reader } = await holding(opening, put(1, 'Basic', 'a'));
      let where: NonNullable<Query['where']> = { ids: ['a'] };
      for (let depth = 0; depth < 500; depth += 1) where = { not: where };
      await refuses('query-too-large', () => reader.query({ type: 'Basic', where, limit: 1 }));
      assert.equal(await reader.count({ type: 'Basic' }), 1);
    },
  },
];
