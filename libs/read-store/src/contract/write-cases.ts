import assert from 'node:assert/strict';
import {
  found,
  holding,
  idsOf,
  opened,
  put,
  range,
  reference,
  remove,
  same,
  text,
  token,
  uri,
  type ReadStoreCase,
} from './samples.ts';

const SMITH = { param: 'family', string: { prefix: 'smith' } };
const JONES = { param: 'family', string: { prefix: 'jones' } };

/** Documents, their positions and their progress. */
export const writeCases: readonly ReadStoreCase[] = [
  {
    name: 'a document that was put is got whole',
    async run(opening) {
      const body = '{"text":"Zoë, \\"Ω\\"  \\u0000 1.00"}';
      const { reader } = await holding(opening, put(7, 'Patient', 'a', { body, subject: 's1', lastUpdated: 123 }));
      same(await reader.get('Patient', 'a'), {
        type: 'Patient',
        id: 'a',
        body,
        subject: 's1',
        position: 7,
        lastUpdated: 123,
      });
    },
  },
  {
    name: 'a document of nobody has no subject',
    async run(opening) {
      const { reader } = await holding(opening, put(1, 'Location', 'a'));
      assert.equal('subject' in (await reader.get('Location', 'a'))!, false);
    },
  },
  {
    name: 'what was never put is not there, whatever else is',
    async run(opening) {
      const { reader } = await holding(opening, put(1, 'Patient', 'a'));
      assert.equal(await reader.get('Patient', 'b'), undefined);
      assert.equal(await reader.get('Observation', 'a'), undefined);
      assert.equal(await reader.get('Patient', 'A'), undefined);
    },
  },
  {
    name: 'many documents are got at once, without those that do not exist',
    async run(opening) {
      const many = Array.from({ length: 120 }, (_, index) => put(index + 1, 'Patient', `p${index}`));
      const { reader } = await holding(opening, ...many);
      for (const count of [3, 120]) {
        const keys = Array.from({ length: count }, (_, index) => ({ type: 'Patient', id: `p${index}` }));
        const got = await reader.getMany([...keys, { type: 'Patient', id: 'none' }, { type: 'None', id: 'p1' }]);
        assert.deepEqual(idsOf({ documents: got }).sort(), Array.from(keys, ({ id }) => id).sort());
      }
      same(await reader.getMany([]), []);
    },
  },
  {
    name: 'a newer put takes the place of an older one, in one batch or two',
    async run(opening) {
      const first = put(1, 'Patient', 'a', { entries: [text('family', 'Smith'), token('gender', 'male')] });
      const second = put(2, 'Patient', 'a', { entries: [text('family', 'Jones'), token('gender', 'male')] });
      const { reader, writer } = await holding(opening, first);
      await writer.apply([second], 2);
      assert.deepEqual(await found(reader, 'Patient', SMITH), []);
      assert.deepEqual(await found(reader, 'Patient', JONES), ['a']);
      assert.deepEqual(await found(reader, 'Patient', { param: 'gender', token: { code: 'male' } }), ['a']);
      assert.equal((await reader.get('Patient', 'a'))!.position, 2);
      await writer.apply([put(3, 'Patient', 'b', { entries: [text('family', 'Smith')] }), put(4, 'Patient', 'b')], 4);
      assert.deepEqual(await found(reader, 'Patient', SMITH), []);
      assert.equal(await reader.count({ type: 'Patient' }), 2);
    },
  },
  {
    name: 'entries of every kind go with what they described',
    async run(opening) {
      const entries = [
        token('t', '1', 's'),
        text('n', 'One'),
        range('d', 5, 6),
        reference('r', 'Patient', 'x'),
        uri('u', 'urn:a'),
      ];
      const { reader, writer } = await holding(
        opening,
        put(1, 'Basic', 'a', { entries }),
        put(2, 'Basic', 'b', { entries }),
      );
      await writer.apply([put(3, 'Basic', 'a'), remove(4, 'Basic', 'b')], 4);
      for (const param of ['t', 'n', 'd', 'r', 'u']) {
        assert.deepEqual(await found(reader, 'Basic', { param, missing: false }), [], param);
        assert.deepEqual(await found(reader, 'Basic', { param, missing: true }), ['a'], param);
      }
    },
  },
  {
    name: 'an operation that is not newer than the document changes nothing',
    async run(opening) {
      const { reader, writer } = await holding(opening, put(5, 'Patient', 'a', { entries: [text('family', 'Smith')] }));
      await writer.apply([put(4, 'Patient', 'a', { body: 'older' }), remove(3, 'Patient', 'a')], 5);
      await writer.apply([put(5, 'Patient', 'a', { body: 'again', entries: [text('family', 'Jones')] })], 5);
      const now = (await reader.get('Patient', 'a'))!;
      assert.equal(now.body, '{"id":"a","at":5}');
      assert.equal(now.position, 5);
      assert.deepEqual(await found(reader, 'Patient', SMITH), ['a']);
    },
  },
  {
    name: 'within one batch the newest operation decides, in whatever order they stand',
    async run(opening) {
      const { reader } = await holding(
        opening,
        put(3, 'Patient', 'a', { body: 'three' }),
        put(2, 'Patient', 'a', { body: 'two' }),
        remove(9, 'Patient', 'b'),
        put(8, 'Patient', 'b'),
      );
      assert.equal((await reader.get('Patient', 'a'))!.body, 'three');
      assert.equal(await reader.get('Patient', 'b'), undefined);
    },
  },
  {
    name: 'a removed document is gone from every question',
    async run(opening) {
      const entries = [text('family', 'Smith')];
      const { reader, writer } = await holding(
        opening,
        put(1, 'Patient', 'a', { entries }),
        put(2, 'Patient', 'b', { entries }),
      );
      await writer.apply([remove(3, 'Patient', 'a')], 3);
      assert.equal(await reader.get('Patient', 'a'), undefined);
      same(await reader.getMany([{ type: 'Patient', id: 'a' }]), []);
      assert.deepEqual(await found(reader, 'Patient', SMITH), ['b']);
      assert.deepEqual(await found(reader, 'Patient'), ['b']);
      assert.equal(await reader.count({ type: 'Patient' }), 1);
    },
  },
  {
    name: 'a late put does not bring a removed document back, a newer one does',
    async run(opening) {
      const { reader, writer } = await holding(opening, put(1, 'Patient', 'a'), remove(5, 'Patient', 'a'));
      await writer.apply([put(4, 'Patient', 'a')], 5);
      assert.equal(await reader.get('Patient', 'a'), undefined);
      await writer.apply([put(6, 'Patient', 'a')], 6);
      assert.equal((await reader.get('Patient', 'a'))!.position, 6);
      await writer.apply([put(5, 'Patient', 'a', { body: 'late' })], 6);
      assert.equal((await reader.get('Patient', 'a'))!.position, 6);
    },
  },
  {
    name: 'a removal that comes before its put is remembered',
    async run(opening) {
      const { reader, writer } = await holding(opening, remove(5, 'Patient', 'a'));
      await writer.apply([put(3, 'Patient', 'a')], 5);
      assert.equal(await reader.get('Patient', 'a'), undefined);
    },
  },
  {
    name: 'progress moves with what is applied, and never back',
    async run(opening) {
      const { writer, reader } = await opened(opening);
      assert.equal(await writer.progress(), 0);
      await writer.apply([put(3, 'Patient', 'a')], 10);
      assert.equal(await writer.progress(), 10);
      assert.equal(await reader.progress(), 10);
      await writer.apply([], 12);
      await writer.apply([], 11);
      assert.equal(await reader.progress(), 12);
    },
  },
  {
    name: 'many documents may come from one position',
    async run(opening) {
      const many = Array.from({ length: 200 }, (_, index) => put(1, 'Slot', `s${index}`));
      const { reader, writer } = await holding(opening, ...many);
      await writer.apply([put(2, 'Slot', 'next')], 2);
      const ids = await found(reader, 'Slot');
      assert.equal(new Set(ids).size, 201);
      assert.equal((await reader.get('Slot', 's199'))!.body, '{"id":"s199","at":1}');
    },
  },
];
