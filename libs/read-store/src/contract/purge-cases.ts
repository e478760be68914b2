import assert from 'node:assert/strict';
import { found, holding, purge, put, remove, text, type ReadStoreCase } from './samples.ts';

const entries = [text('family', 'Smith')];
const mine = { subject: 's1', entries };
const yours = { subject: 's2', entries };
const SMITH = { param: 'family', string: { prefix: 'smith' } };

/** Erasure. */
export const purgeCases: readonly ReadStoreCase[] = [
  {
    name: 'a purge takes every document of its subject, and no other',
    async run(opening) {
      const { reader, writer } = await holding(
        opening,
        put(1, 'Patient', 'a', mine),
        put(2, 'Observation', 'o', mine),
        put(3, 'Patient', 'b', yours),
        put(4, 'Location', 'l', { entries }),
      );
      await writer.apply([purge(5, 's1')], 5);
      assert.equal(await reader.get('Patient', 'a'), undefined);
      assert.equal(await reader.get('Observation', 'o'), undefined);
      assert.deepEqual(await found(reader, 'Patient', SMITH), ['b']);
      assert.deepEqual(await found(reader, 'Observation'), []);
      assert.deepEqual(await found(reader, 'Patient', { subject: ['s1'] }), []);
      assert.deepEqual(await found(reader, 'Location', SMITH), ['l']);
      assert.equal(await reader.count({ type: 'Observation' }), 0);
    },
  },
  {
    name: 'what was put before a purge and comes after it stays erased',
    async run(opening) {
      const { reader, writer } = await holding(opening, put(1, 'Patient', 'a', mine), purge(5, 's1'));
      await writer.apply([put(1, 'Patient', 'a', mine), put(4, 'Observation', 'never seen before', mine)], 5);
      assert.equal(await reader.get('Patient', 'a'), undefined);
      assert.equal(await reader.get('Observation', 'never seen before'), undefined);
    },
  },
  {
    name: 'operations after a purge apply, in the same batch too',
    async run(opening) {
      const { reader, writer } = await holding(
        opening,
        put(1, 'Patient', 'a', mine),
        purge(5, 's1'),
        put(6, 'Patient', 'a', mine),
      );
      assert.equal((await reader.get('Patient', 'a'))!.position, 6);
      await writer.apply([put(8, 'Observation', 'o', mine), purge(7, 's1')], 8);
      assert.equal(await reader.get('Patient', 'a'), undefined);
      assert.equal((await reader.get('Observation', 'o'))!.position, 8);
    },
  },
  {
    name: 'a purge that is repeated changes nothing',
    async run(opening) {
      const { reader, writer } = await holding(opening, put(1, 'Patient', 'a', mine), purge(5, 's1'));
      await writer.apply([put(6, 'Patient', 'a', mine)], 6);
      await writer.apply([purge(5, 's1')], 6);
      assert.equal((await reader.get('Patient', 'a'))!.position, 6);
    },
  },
  {
    name: 'a document belongs to the subject that its newest put names',
    async run(opening) {
      const { reader, writer } = await holding(opening, put(1, 'Patient', 'a', mine), put(2, 'Patient', 'a', yours));
      await writer.apply([purge(3, 's1')], 3);
      assert.equal((await reader.get('Patient', 'a'))!.subject, 's2');
      await writer.apply([purge(4, 's2')], 4);
      assert.equal(await reader.get('Patient', 'a'), undefined);
    },
  },
  {
    name: 'a purge leaves removed documents removed',
    async run(opening) {
      const { reader, writer } = await holding(
        opening,
        put(1, 'Patient', 'a', mine),
        remove(2, 'Patient', 'a'),
        purge(3, 's1'),
      );
      await writer.apply([put(1, 'Patient', 'a', mine)], 3);
      assert.equal(await reader.get('Patient', 'a'), undefined);
    },
  },
];
