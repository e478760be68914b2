import { describe, expect, it } from '@jest/globals';
import type { IndexEntry } from '@anamnesis/read-store';
import { extractEntries, searchParameter } from '../../src/search/index.ts';
import { r4Definitions, tuplesOf, valuesOf } from './fhirpath-oracle.ts';
import type { Definition } from './fhirpath-oracle.ts';
import { syntheaIsHere, syntheaResources } from './synthea.ts';
import type { Resource } from './synthea.ts';

/** Each type's resources are thinned to about this many; `ANAMNESIS_TEST=long` compares all of them. */
const PER_TYPE = process.env.ANAMNESIS_TEST === 'long' ? Infinity : 100;

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const listed = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const strings = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : isFields(value)
      ? Object.entries(value).flatMap(([key, one]) =>
          /^(use|period|extension|_.*|type)$/.test(key) ? [] : strings(one),
        )
      : [];

/** The values that the specification's tables give for each raw value; written apart from the code under test. */
const EXPECTED: Readonly<Record<string, (value: unknown) => string[]>> = {
  token: (value) => {
    if (!isFields(value)) return [`?|${String(value).toLowerCase()}`];
    if ('coding' in value) return listed(value.coding).flatMap((coding) => EXPECTED.token!(coding));
    if (!('code' in value) && !('value' in value)) return [];
    const system = /^(phone|fax|email|pager|url|sms|other)$/.test(String(value.system))
      ? ''
      : String(value.system ?? '');
    return [`${system}|${String(value.code ?? value.value).toLowerCase()}`];
  },
  string: (value) => {
    const parts = strings(value);
    const spoken =
      isFields(value) && 'family' in value && 'given' in value
        ? [[...listed(value.given), value.family].join(' ')]
        : [];
    return [...parts, ...spoken];
  },
  date: (value) => {
    if (typeof value !== 'string')
      return isFields(value) && ('start' in value || 'end' in value) ? [period(value)] : [];
    const [low, high] = interval(value);
    return [`${low}..${high}`];
  },
  number: (value) => [`${String(value)}..${String(value)}`],
  quantity: (value) =>
    isFields(value) && value.value !== undefined ? [`${String(value.value)}..${String(value.value)}`] : [],
  reference: (value) => {
    const text = isFields(value) ? value.reference : value;
    return typeof text === 'string' && !text.includes('?') ? [text.startsWith('#') ? '#' : text] : [];
  },
  uri: (value) => [String(value)],
};

function interval(text: string): [number, number] {
  const low = Date.parse(text.length === 4 ? `${text}-01-01` : text);
  const span = text.length <= 10 ? 86_400_000 : text.includes('.') ? 1 : 1_000;
  return [low, low + span - 1];
}

const period = ({ start, end }: Fields): string =>
  `${typeof start === 'string' ? interval(start)[0] : -Infinity}..${typeof end === 'string' ? interval(end)[1] : Infinity}`;

function shown(entry: IndexEntry): string {
  if (entry.kind === 'token') return `${entry.system}|${entry.code}`;
  if (entry.kind === 'range') return `${entry.low}..${entry.high}`;
  if (entry.kind === 'reference') return entry.type === '' ? entry.id : `${entry.type}/${entry.id}`;
  return entry.value;
}

/** Codes of required bindings: R4's expression does not tell their system, so `?` stands for any. */
const anySystem = (found: readonly string[], expected: readonly string[]): string[] =>
  found.map((one) =>
    expected.includes(`?${one.slice(one.lastIndexOf('|'))}`) ? `?${one.slice(one.lastIndexOf('|'))}` : one,
  );

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort();

function thinned(resources: Resource[]): Resource[] {
  return [...Map.groupBy(resources, ({ resourceType }) => resourceType).values()].flatMap((all) => {
    const step = Math.max(1, Math.ceil(all.length / PER_TYPE));
    return all.filter((_resource, i) => i % step === 0);
  });
}

(syntheaIsHere ? describe : describe.skip)(
  'extraction and fhirpath agree on synthetic patients (needs shared/data/synthea-r4)',
  () => {
    const resources = syntheaIsHere ? thinned(syntheaResources()) : [];
    const definitions = r4Definitions();
    const byType = Map.groupBy(resources, ({ resourceType }) => resourceType);
    const entries = new Map(resources.map((resource) => [resource, extractEntries(resource.resourceType, resource)]));

    for (const [type, own] of byType) {
      const plain = definitions.filter(
        (one) => one.base.includes(type) && one.type !== 'composite' && one.expression !== undefined,
      );
      it(`${type}: ${plain.length} parameters`, () => {
        for (const definition of plain) {
          const evaluate = valuesOf(definition, type);
          const of = EXPECTED[definition.type]!;
          for (const resource of own) {
            const expected = unique(evaluate(resource).flatMap(of));
            const found = entries
              .get(resource)!
              .filter((entry) => entry.param === definition.code && entry.tuple === undefined)
              .map(shown);
            expect({ param: definition.code, found: unique(anySystem(found, expected)) }).toEqual({
              param: definition.code,
              found: expected,
            });
          }
        }
      });
    }

    it('Observation: composites', () => {
      const composites = definitions.filter((one) => one.base.includes('Observation') && one.type === 'composite');
      for (const definition of composites) {
        const evaluate = tuplesOf(definition, 'Observation');
        for (const resource of byType.get('Observation') ?? []) {
          const expected = evaluate(resource).map((parts) => expectedTuple(definition, parts));
          expect(foundTuples(definition, entries.get(resource)!)).toEqual(unique(expected.filter((one) => one !== '')));
        }
      }
    });
  },
);

function expectedTuple(definition: Definition, parts: readonly unknown[][]): string {
  const components = searchParameter('Observation', definition.code)!.components;
  const values = parts.map((raw, i) => unique(raw.flatMap(EXPECTED[components[i]!.kind]!)).join(','));
  return values.includes('') ? '' : values.join(' & ');
}

function foundTuples(definition: Definition, found: readonly IndexEntry[]): string[] {
  const components = searchParameter('Observation', definition.code)!.components;
  const own = found.filter((entry) => components.some(({ param }) => param === entry.param));
  const tuples = [...Map.groupBy(own, ({ tuple }) => tuple).values()];
  return unique(
    tuples.map((tuple) =>
      components
        .map(({ param }) => unique(tuple.filter((entry) => entry.param === param).map(shown)).join(','))
        .join(' & '),
    ),
  );
}
