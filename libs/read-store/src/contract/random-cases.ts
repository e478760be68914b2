import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Operation } from '../port.ts';
import type { Query } from '../query.ts';
import { matching, type OracleDocument } from './oracle.ts';
import { operations, queries, type Draft } from './random-samples.ts';
import { found, holding, idsOf, opened, put, purge, remove, type ReadStoreCase } from './samples.ts';

/** Fixed, so that a failure is the same for everybody; the failing query is in the message. */
const SEED = 20_260_117;

/** The documents as they should stand, in the order of their first appearance. */
class World {
  readonly #documents = new Map<string, OracleDocument & { position: number }>();
  /** A document that comes back takes its old place. */
  readonly #places = new Map<string, number>();

  apply(operation: Operation): void {
    if ('purge' in operation) {
      for (const [key, document] of this.#documents)
        if (document.subject === operation.purge.subject) this.#documents.delete(key);
      return;
    }
    const { type, id } = 'put' in operation ? operation.put : operation.remove;
    const key = `${type}/${id}`;
    if ('remove' in operation) this.#documents.delete(key);
    else {
      if (!this.#places.has(key)) this.#places.set(key, this.#places.size);
      this.#documents.set(key, { ...operation.put, position: operation.position });
    }
  }

  get documents(): OracleDocument[] {
    const place = ({ type, id }: OracleDocument) => this.#places.get(`${type}/${id}`)!;
    return [...this.#documents.values()].sort((a, b) => place(a) - place(b));
  }
}

const operation = (draft: Draft, position: number): Operation => {
  if ('purge' in draft) return purge(position, draft.purge);
  return 'remove' in draft ? remove(position, draft.type, draft.id) : put(position, draft.type, draft.id, draft);
};

const unpaged = ({ type, where, sort }: Query) => ({ type, where, sort });

/** The store and a plain evaluation of the same questions agree. */
export const randomCases: readonly ReadStoreCase[] = [
  {
    name: 'random questions about random documents have the answers of a plain evaluation',
    async run(opening) {
      const { writer, reader } = await opened(opening);
      const world = new World();
      const rounds = fc.sample(fc.tuple(operations, fc.array(queries, { minLength: 15, maxLength: 15 })), {
        seed: SEED,
        numRuns: 40,
      });
      let position = 0;
      for (const [drafts, asked] of rounds) {
        const batch = drafts.map((draft) => operation(draft, (position += 1)));
        for (const one of batch) world.apply(one);
        await writer.apply(batch, position);
        for (const query of asked) {
          const expected = matching(world.documents, query.type, query.where, query.sort).map(({ id }) => id);
          const about = JSON.stringify(unpaged(query));
          assert.deepEqual(
            await found(reader, query.type, query.where, { sort: query.sort ?? [], limit: query.limit }),
            expected,
            about,
          );
          assert.equal(await reader.count(query), expected.length, about);
        }
      }
    },
  },
  {
    name: 'random questions are answered alike by a generation that was built',
    async run({ store }) {
      const world = new World();
      const build = await store.build('built');
      const drafts = fc.sample(operations, { seed: SEED + 1, numRuns: 12 });
      let position = 0;
      for (const batch of drafts) {
        const applied = batch.map((draft) => operation(draft, (position += 1)));
        for (const one of applied) world.apply(one);
        await build.apply(applied, position);
      }
      await store.swap('built');
      const reader = await store.reader('built');
      for (const query of fc.sample(queries, { seed: SEED + 2, numRuns: 150 })) {
        const expected = matching(world.documents, query.type, query.where, query.sort).map(({ id }) => id);
        const ids = await found(reader, query.type, query.where, { sort: query.sort ?? [], limit: query.limit });
        assert.deepEqual(ids, expected, JSON.stringify(unpaged(query)));
      }
    },
  },
  {
    name: 'random pages under random writes show what nobody touched once, in order',
    async run(opening) {
      const drafts = fc.sample(operations, { seed: SEED + 3, numRuns: 6 }).flat();
      let position = 0;
      const first = drafts.map((draft) => operation(draft, (position += 1)));
      const { writer, reader } = await holding(opening, ...first);
      const world = new World();
      for (const one of first) world.apply(one);
      const changes = fc.sample(operations, { seed: SEED + 4, numRuns: 400 });
      for (const query of fc.sample(queries, { seed: SEED + 5, numRuns: 40 })) {
        const before = world.documents;
        const touched = new Set<string>();
        const seen: string[] = [];
        for (
          let page = await reader.query({ ...query, limit: 2 });
          ;
          page = await reader.query({ ...query, limit: 2, after: page.next! })
        ) {
          seen.push(...idsOf(page));
          if (page.next === undefined) break;
          // Half of the documents of the queried type stay as they are; nothing else changes, lest a chain's answer does.
          const batch = (changes.pop() ?? []).filter(
            (draft) => 'type' in draft && draft.type === query.type && Number(draft.id) % 2 === 0,
          );
          for (const one of batch.map((draft) => operation(draft, (position += 1)))) {
            world.apply(one);
            touched.add('put' in one ? one.put.id : 'remove' in one ? one.remove.id : '');
            await writer.apply([one], position);
          }
        }
        const chained = JSON.stringify(query.where ?? {}).includes(`"type":"${query.type}"`);
        if (chained) continue;
        const expected = matching(before, query.type, query.where, query.sort).map(({ id }) => id);
        const steady = (ids: readonly string[]) => ids.filter((id) => !touched.has(id));
        assert.deepEqual(steady(seen), steady(expected), JSON.stringify(unpaged(query)));
      }
    },
  },
];
