import { describe, expect, it } from '@jest/globals';
import type { Operation, ReadModelReader, ReadModelWriter, ReadStore } from '@anamnesis/read-store';
import { readStoreCases } from '@anamnesis/read-store/contract';
import { openEmbedded } from './open-embedded.ts';

interface Flaw {
  readonly flaw: string;
  /** The case of the contract that finds it. */
  readonly found: string;
  writer?(writer: ReadModelWriter): Partial<ReadModelWriter>;
  reader?(reader: ReadModelReader): Partial<ReadModelReader>;
  store?(store: ReadStore): Partial<ReadStore>;
}

/** Above whatever was applied before: an adapter without a guard. */
let ever = 1_000_000;
const newest = <O extends Operation>(operation: O): O => ({ ...operation, position: (ever += 1) });

const FLAWS: readonly Flaw[] = [
  {
    flaw: 'applies whatever comes',
    found: 'an operation that is not newer than the document changes nothing',
    writer: (writer) => ({ apply: (operations, through) => writer.apply(operations.map(newest), through) }),
  },
  {
    flaw: 'forgets what was removed',
    found: 'a late put does not bring a removed document back, a newer one does',
    writer: (writer) => ({
      apply: (operations, through) =>
        writer.apply(
          operations.map((one) => ('put' in one ? newest(one) : one)),
          through,
        ),
    }),
  },
  {
    flaw: 'loses removals that come early',
    found: 'a removal that comes before its put is remembered',
    writer: (writer) => ({
      apply: (operations, through) =>
        writer.apply(
          operations.filter((one) => !('remove' in one)),
          through,
        ),
    }),
  },
  {
    flaw: 'purges nothing',
    found: 'a purge takes every document of its subject, and no other',
    writer: (writer) => ({
      apply: (operations, through) =>
        writer.apply(
          operations.filter((one) => !('purge' in one)),
          through,
        ),
    }),
  },
  {
    flaw: 'sorts the wrong way',
    found: 'documents are sorted by entries of every kind, missing ones last both ways',
    reader: (reader) => ({
      query: ({ sort = [], ...query }) =>
        reader.query({ ...query, sort: sort.map((key) => ({ ...key, descending: !key.descending })) }),
    }),
  },
  {
    flaw: 'ignores all sort keys but the first',
    found: 'later sort keys decide where earlier ones are alike',
    reader: (reader) => ({ query: ({ sort = [], ...query }) => reader.query({ ...query, sort: sort.slice(0, 1) }) }),
  },
  {
    flaw: 'pages by offset',
    found: 'nothing is shown twice or skipped while others come, change and go',
    reader: (reader) => ({
      async query({ after, limit, ...query }) {
        const from = Number(after ?? 0);
        const page = await reader.query({ ...query, limit: 1_000 });
        const documents = Array.from(page.documents).slice(from, from + limit);
        const more = page.documents.length > from + limit;
        return { documents, position: page.position, ...(more ? { next: String(from + limit) } : {}) };
      },
    }),
  },
  {
    flaw: 'takes any cursor',
    found: 'a cursor that was altered, or belongs to another query, is refused',
    reader: (reader) => ({
      query: (query) => reader.query(query).catch(() => reader.query({ type: query.type, limit: query.limit })),
    }),
  },
  {
    flaw: 'says there is more when there is not',
    found: 'there is a next page exactly when there is more',
    reader: (reader) => ({ query: async (query) => ({ next: 'more', ...(await reader.query(query)) }) }),
  },
  {
    flaw: 'counts what is on the page',
    found: 'the total counts every match, on every page, when it is asked for',
    reader: (reader) => ({
      async query(query) {
        const page = await reader.query(query);
        return query.total ? { ...page, total: page.documents.length } : page;
      },
    }),
  },
  {
    flaw: 'joins the components of a composite across values',
    found: 'the components of a composite are met within one value',
    reader: (reader) => ({
      query({ where, ...query }) {
        if (where === undefined || !('composite' in where))
          return reader.query({ ...query, ...(where ? { where } : {}) });
        return reader.query({ ...query, where: { all: where.composite } });
      },
    }),
  },
  {
    flaw: 'waits for nothing',
    found: 'waiting ends with its time',
    reader: () => ({ waitFor: async () => undefined }),
  },
  {
    flaw: 'shows what is being built',
    found: 'what is being built is not seen until it is swapped in',
    store(store) {
      let live: ReadModelWriter | undefined;
      return {
        writer: async (model) => (live = await store.writer(model)),
        build: async (model) => live ?? store.build(model),
      };
    },
  },
  {
    flaw: 'keeps the old generation',
    found: 'what is being built is not seen until it is swapped in',
    store: () => ({ swap: async () => undefined }),
  },
  {
    flaw: 'takes one prefix for another',
    found: 'random questions about random documents have the answers of a plain evaluation',
    reader: (reader) => ({
      query: (query) => reader.query(JSON.parse(JSON.stringify(query).replaceAll('"ap"', '"eq"')) as typeof query),
    }),
  },
];

/** The object with some of its methods put aside; a private field needs its own `this`. */
function altered<T extends object>(of: T, changes: Partial<T> = {}): T {
  return new Proxy(of, {
    get(target, name) {
      const value: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof value === 'function' ? value.bind(name in changes ? changes : target) : value;
    },
  });
}

function flawed(store: ReadStore, flaw: Flaw): ReadStore {
  return altered<ReadStore>(store, {
    writer: async (model) => {
      const writer = await store.writer(model);
      return altered(writer, flaw.writer?.(writer));
    },
    reader: async (model) => {
      const reader = await store.reader(model);
      return altered(reader, flaw.reader?.(reader));
    },
    ...flaw.store?.(store),
  });
}

describe('the contract finds an adapter that', () => {
  for (const flaw of FLAWS) {
    it(flaw.flaw, async () => {
      const one = readStoreCases.find(({ name }) => name === flaw.found)!;
      const { store, cleanup } = await openEmbedded();
      try {
        await expect(one.run({ store: flawed(store, flaw), cleanup })).rejects.toThrow();
      } finally {
        await cleanup();
      }
    });
  }
});
