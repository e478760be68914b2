import assert from 'node:assert/strict';
import type { IndexEntry } from '../entries.ts';
import type { Condition, Document, RangeTest } from '../query.ts';
import { found, holding, idsOf, put, range, reference, same, text, token, uri, type ReadStoreCase } from './samples.ts';

/** One document for each list of entries, named by the keys. */
const documents = (type: string, of: Record<string, readonly IndexEntry[]>, from = 1) =>
  Object.entries(of).map(([id, entries], index) => put(from + index, type, id, { entries }));

const finds = (
  name: string,
  of: Record<string, readonly IndexEntry[]>,
  asked: readonly (readonly [Condition, readonly string[]])[],
): ReadStoreCase => ({
  name,
  async run(opening) {
    const { reader } = await holding(opening, ...documents('Basic', of));
    for (const [where, ids] of asked) {
      assert.deepEqual(await found(reader, 'Basic', where), ids, JSON.stringify(where));
      assert.equal(await reader.count({ type: 'Basic', where }), ids.length, JSON.stringify(where));
    }
  },
});

const t = (test: { system?: string; code?: string }): Condition => ({ param: 't', token: test });
const n = (test: { prefix: string } | { exact: string } | { contains: string }): Condition => ({
  param: 'n',
  string: test,
});
const d = (prefix: RangeTest['prefix'], low: number, high = low): Condition => ({
  param: 'd',
  range: { prefix, low, high },
});
const u = (test: { exact: string } | { below: string } | { above: string }): Condition => ({ param: 'u', uri: test });

const quantity = (code: string): IndexEntry => ({ kind: 'range', param: 'd', low: 5, high: 5, system: 'ucum', code });

const PAIRS = {
  both: [
    { ...token('c$code', 'sys'), tuple: 1 },
    { ...range('c$value', 120), tuple: 1 },
  ],
  crossed: [
    { ...token('c$code', 'sys'), tuple: 1 },
    { ...range('c$value', 70), tuple: 1 },
    { ...token('c$code', 'dia'), tuple: 2 },
    { ...range('c$value', 120), tuple: 2 },
  ],
  loose: [token('c$code', 'sys'), range('c$value', 120)],
};

/** What each form of condition finds. */
export const queryCases: readonly ReadStoreCase[] = [
  finds(
    'tokens are found by system, by code, by both, exactly',
    {
      a: [token('t', '1', 'x')],
      b: [token('t', '1')],
      c: [token('t', '2', 'x'), token('t', '1', 'y')],
      d: [token('other', '1', 'x')],
    },
    [
      [t({ code: '1' }), ['a', 'b', 'c']],
      [t({ system: 'x', code: '1' }), ['a']],
      [t({ system: '', code: '1' }), ['b']],
      [t({ system: 'x' }), ['a', 'c']],
      [t({ system: 'x', code: '3' }), []],
      [t({ code: '1 ' }), []],
      [{ param: 'never', token: { code: '1' } }, []],
    ],
  ),
  finds(
    'strings are found by prefix, by part, and exactly',
    {
      a: [text('n', 'Anna')],
      b: [text('n', 'ANNABEL'), text('n', 'Joanna')],
      c: [text('n', 'an%a_*?[a]')],
      d: [text('n', '')],
    },
    [
      [n({ prefix: 'anna' }), ['a', 'b']],
      [n({ prefix: 'an' }), ['a', 'b', 'c']],
      [n({ prefix: '' }), ['a', 'b', 'c', 'd']],
      [n({ exact: 'Anna' }), ['a']],
      [n({ exact: 'anna' }), []],
      [n({ contains: 'oann' }), ['b']],
      [n({ contains: '%' }), ['c']],
      [n({ contains: '_*?[' }), ['c']],
      [n({ prefix: 'an%' }), ['c']],
    ],
  ),
  finds(
    'hostile text is only text',
    {
      a: [text('n', `'; drop table docs; --`), token('t', '" OR 1=1')],
      b: [text('n', 'x'.repeat(200)), text('n', '\u{1F600}\uFFFF')],
    },
    [
      [n({ prefix: `'; drop table` }), ['a']],
      [t({ code: '" OR 1=1' }), ['a']],
      [t({ code: `' OR '1'='1` }), []],
      [n({ contains: `${'a?'.repeat(40)}${'a'.repeat(40)}` }), []],
      [n({ prefix: 'x'.repeat(5_000) }), []],
      [n({ prefix: '\u{1F600}' }), ['b']],
      [n({ prefix: '\u{1F600}\uFFFF' }), ['b']],
      [{ param: `n' OR 1=1 --`, string: { prefix: '' } }, []],
    ],
  ),
  finds(
    'ranges are compared as the nine prefixes say',
    {
      in: [range('d', 12, 14)],
      same: [range('d', 10, 20)],
      over: [range('d', 15, 25)],
      past: [range('d', 30)],
      ever: [range('d', -Infinity, Infinity)],
    },
    [
      [d('eq', 10, 20), ['in', 'same']],
      [d('ne', 10, 20), ['over', 'past', 'ever']],
      [d('gt', 10, 20), ['over', 'past', 'ever']],
      [d('lt', 10, 20), ['ever']],
      [d('ge', 10, 20), ['in', 'same', 'over', 'past', 'ever']],
      [d('le', 10, 20), ['in', 'same', 'ever']],
      [d('sa', 10, 20), ['past']],
      [d('eb', 15, 16), ['in']],
      [d('ap', 10, 20), ['in', 'same', 'over', 'ever']],
      [d('eq', -Infinity, Infinity), ['in', 'same', 'over', 'past', 'ever']],
    ],
  ),
  finds(
    'wide ranges are found as narrow ones are',
    {
      day: [range('d', 0, 86_400_000)],
      year: [range('d', 0, 31_536_000_000)],
      since: [range('d', 5, Infinity)],
      until: [range('d', -Infinity, 5)],
    },
    [
      [d('gt', 86_400_000), ['year', 'since']],
      [d('ge', 86_400_001), ['year', 'since']],
      [d('ap', 90_000_000), ['year', 'since']],
      [d('ge', 86_399_999), ['day', 'year', 'since']],
      [d('le', 5), ['day', 'year', 'until']],
      [d('eb', 6), ['until']],
    ],
  ),
  finds(
    'quantities are found in their unit',
    {
      mg: [quantity('mg')],
      g: [quantity('g')],
      bare: [range('d', 5)],
    },
    [
      [{ ...d('eq', 4, 6), system: 'ucum', code: 'mg' } as Condition, ['mg']],
      [{ ...d('eq', 4, 6), code: 'g' } as Condition, ['g']],
      [{ ...d('eq', 4, 6), system: '' } as Condition, ['bare']],
      [d('eq', 4, 6), ['mg', 'g', 'bare']],
    ],
  ),
  finds(
    'uris are found exactly, from the left, and by what they begin with',
    {
      a: [uri('u', 'http://x.org/a')],
      ab: [uri('u', 'http://x.org/a/b')],
      c: [uri('u', 'http://x.org/c')],
      o: [uri('u', 'urn:oid:1.2')],
    },
    [
      [u({ exact: 'http://x.org/a' }), ['a']],
      [u({ exact: 'HTTP://x.org/a' }), []],
      [u({ below: 'http://x.org/a' }), ['a', 'ab']],
      [u({ below: 'http://x.org/' }), ['a', 'ab', 'c']],
      [u({ above: 'http://x.org/a/b/c' }), ['a', 'ab']],
      [u({ above: 'urn:oid:1.2' }), ['o']],
    ],
  ),
  finds(
    'references are found with and without a type, and whole URLs',
    {
      a: [reference('r', 'Patient', '1')],
      b: [reference('r', 'Group', '1')],
      c: [reference('r', '', 'http://else.org/Patient/1')],
    },
    [
      [{ param: 'r', reference: { type: 'Patient', id: '1' } }, ['a']],
      [{ param: 'r', reference: { id: '1' } }, ['a', 'b']],
      [{ param: 'r', reference: { type: '', id: 'http://else.org/Patient/1' } }, ['c']],
      [{ param: 'r', reference: { type: 'Patient', id: '2' } }, []],
    ],
  ),
  finds(
    'conditions combine',
    {
      a: [token('t', '1'), text('n', 'one')],
      b: [token('t', '2'), text('n', 'one')],
      c: [token('t', '2'), token('t', '1')],
      d: [],
    },
    [
      [{ all: [t({ code: '1' }), n({ prefix: 'o' })] }, ['a']],
      [{ any: [t({ code: '1' }), n({ prefix: 'o' })] }, ['a', 'b', 'c']],
      [{ not: t({ code: '1' }) }, ['b', 'd']],
      [{ all: [] }, ['a', 'b', 'c', 'd']],
      [{ any: [] }, []],
      [
        { all: [{ not: { any: [t({ code: '2' })] } }, { any: [n({ prefix: 'o' }), { param: 't', missing: true }] }] },
        ['a', 'd'],
      ],
      [{ param: 'n', missing: true }, ['c', 'd']],
      [{ param: 'n', missing: false }, ['a', 'b']],
      [{ param: 'never', missing: true }, ['a', 'b', 'c', 'd']],
      [{ param: 'never', missing: false }, []],
      [{ ids: ['c', 'a', 'x'] }, ['a', 'c']],
      [{ all: [{ ids: ['c', 'a'] }, t({ code: '2' })] }, ['c']],
      [{ any: Array.from({ length: 2_000 }, (_, index) => t({ code: String(index) })) }, ['a', 'b', 'c']],
    ],
  ),
  finds('the components of a composite are met within one value', PAIRS, [
    [
      {
        composite: [
          { param: 'c$code', token: { code: 'sys' } },
          { param: 'c$value', range: { prefix: 'gt', low: 100, high: 100 } },
        ],
      },
      ['both'],
    ],
    [
      {
        composite: [
          { param: 'c$code', token: { code: 'dia' } },
          { param: 'c$value', range: { prefix: 'gt', low: 100, high: 100 } },
        ],
      },
      ['crossed'],
    ],
    [{ param: 'c$code', token: { code: 'sys' } }, ['both', 'crossed', 'loose']],
  ]),
  {
    name: 'chains follow references both ways, and subjects',
    async run(opening) {
      const { reader } = await holding(
        opening,
        put(1, 'Patient', 'smith', { subject: 's1', entries: [text('family', 'Smith')] }),
        put(2, 'Patient', 'jones', { subject: 's2', entries: [text('family', 'Jones')] }),
        put(3, 'Encounter', 'e1', {
          subject: 's1',
          entries: [reference('subject', 'Patient', 'smith'), token('class', 'IMP')],
        }),
        put(4, 'Encounter', 'e2', {
          subject: 's2',
          entries: [reference('subject', 'Patient', 'jones'), token('class', 'AMB')],
        }),
        put(5, 'Encounter', 'e3', {
          entries: [reference('subject', 'Group', 'smith'), reference('subject', 'Patient', 'gone')],
        }),
        put(6, 'Observation', 'o1', {
          subject: 's1',
          entries: [reference('encounter', 'Encounter', 'e1'), token('code', 'hr')],
        }),
      );
      const smith: Condition = { param: 'family', string: { prefix: 'smith' } };
      const ofSmith: Condition = { param: 'subject', refersTo: { type: 'Patient', where: smith } };
      assert.deepEqual(await found(reader, 'Encounter', ofSmith), ['e1']);
      assert.deepEqual(
        await found(reader, 'Encounter', { param: 'subject', refersTo: { type: 'Group', where: smith } }),
        [],
      );
      const twoSteps: Condition = { param: 'encounter', refersTo: { type: 'Encounter', where: ofSmith } };
      assert.deepEqual(await found(reader, 'Observation', twoSteps), ['o1']);
      const inpatient: Condition = {
        referredBy: { type: 'Encounter', param: 'subject', where: { param: 'class', token: { code: 'IMP' } } },
      };
      assert.deepEqual(await found(reader, 'Patient', inpatient), ['smith']);
      assert.deepEqual(await found(reader, 'Patient', { not: inpatient }), ['jones']);
      const heart: Condition = {
        referredBy: { type: 'Observation', param: 'encounter', where: { param: 'code', token: { code: 'hr' } } },
      };
      const nested: Condition = { referredBy: { type: 'Encounter', param: 'subject', where: heart } };
      assert.deepEqual(await found(reader, 'Patient', nested), ['smith']);
      assert.deepEqual(await found(reader, 'Encounter', { subjectOf: { type: 'Patient', where: smith } }), ['e1']);
      assert.deepEqual(await found(reader, 'Encounter', { subject: ['s2', 'none'] }), ['e2']);
      assert.deepEqual(await found(reader, 'Encounter', { all: [{ subject: ['s2'] }, ofSmith] }), []);
      assert.deepEqual(await found(reader, 'Encounter', { ownerless: true }), ['e3']);
      assert.deepEqual(await found(reader, 'Encounter', { all: [{ not: { ownerless: true } }, ofSmith] }), ['e1']);
    },
  },
  {
    name: 'documents are found by when they were last updated',
    async run(opening) {
      const { reader } = await holding(
        opening,
        put(1, 'Basic', 'a', { lastUpdated: 100 }),
        put(2, 'Basic', 'b', { lastUpdated: 200 }),
      );
      const updated = (prefix: RangeTest['prefix'], low: number, high = low): Condition => ({
        lastUpdated: { prefix, low, high },
      });
      assert.deepEqual(await found(reader, 'Basic', updated('ge', 150)), ['b']);
      assert.deepEqual(await found(reader, 'Basic', updated('gt', 200)), []);
      assert.deepEqual(await found(reader, 'Basic', updated('eq', 50, 150)), ['a']);
      assert.deepEqual(await found(reader, 'Basic', updated('ne', 50, 150)), ['b']);
      assert.deepEqual(await found(reader, 'Basic', updated('le', 200)), ['a', 'b']);
    },
  },
  {
    name: 'a type that nothing has is empty',
    async run(opening) {
      const { reader } = await holding(opening, put(1, 'Basic', 'a'));
      const page = await reader.query({ type: 'Nothing', limit: 10, total: true });
      same(page, { documents: [], total: 0, position: 1 });
      assert.equal(await reader.count({ type: 'Nothing' }), 0);
    },
  },
  {
    name: 'documents that are referred to, and that refer, are found for includes',
    async run(opening) {
      const { reader } = await holding(
        opening,
        put(1, 'Patient', 'p1'),
        put(2, 'Patient', 'p2'),
        put(3, 'Group', 'g'),
        put(4, 'Encounter', 'e1', {
          entries: [reference('subject', 'Patient', 'p1'), reference('subject', 'Group', 'g')],
        }),
        put(5, 'Encounter', 'e2', {
          entries: [reference('subject', 'Patient', 'p1'), reference('subject', 'Patient', 'gone')],
        }),
        put(6, 'Observation', 'o1', { entries: [reference('subject', 'Patient', 'p2')] }),
      );
      const ids = (documents: readonly Document[]) => idsOf({ documents }).sort();
      const encounters = [
        { type: 'Encounter', id: 'e1' },
        { type: 'Encounter', id: 'e2' },
      ];
      const mixed = [...encounters, { type: 'Observation', id: 'o1' }, { type: 'Encounter', id: 'none' }];
      assert.deepEqual(ids(await reader.referredTo(encounters, 'subject', undefined, 10)), ['g', 'p1']);
      assert.deepEqual(ids(await reader.referredTo(encounters, 'subject', 'Patient', 10)), ['p1']);
      assert.deepEqual(ids(await reader.referredTo(mixed, 'subject', undefined, 10)), ['g', 'p1', 'p2']);
      assert.equal((await reader.referredTo(mixed, 'subject', undefined, 2)).length, 2);
      same(await reader.referredTo(encounters, 'never', undefined, 10), []);
      const patients = [
        { type: 'Patient', id: 'p1' },
        { type: 'Patient', id: 'p2' },
      ];
      assert.deepEqual(ids(await reader.referringTo(patients, 'Encounter', 'subject', 10)), ['e1', 'e2']);
      assert.deepEqual(ids(await reader.referringTo([{ type: 'Group', id: 'p1' }], 'Encounter', 'subject', 10)), []);
      assert.equal((await reader.referringTo(patients, 'Encounter', 'subject', 1)).length, 1);
      same(await reader.referringTo([], 'Encounter', 'subject', 10), []);
    },
  },
  {
    name: 'a page carries whole documents and the position it reflects',
    async run(opening) {
      const { reader, writer } = await holding(opening, put(1, 'Basic', 'a', { subject: 's', body: '{"é":1.00}' }));
      await writer.apply([], 9);
      const page = await reader.query({ type: 'Basic', limit: 5 });
      assert.deepEqual(idsOf(page), ['a']);
      same(page.documents[0], await reader.get('Basic', 'a'));
      assert.equal(page.position, 9);
      assert.equal(page.total, undefined);
      assert.equal(page.next, undefined);
    },
  },
];
