import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Fact } from '@anamnesis/kernel';
import { clinicalTime, currentSchema, isDeletion, namedEventTypes, recordFactsOf, upcast } from '@anamnesis/contracts';
import { eventTypesInSource } from './event-types-in-source.ts';

/** One file for each shape ever stored, `<type>.<schema>.ndjson`: what is sealed, in clear text, with a final newline. */
const folder = new URL('./samples/', import.meta.url);
const samples = readdirSync(folder).map((file) => {
  const [type, schema] = file.split('.') as [string, string];
  const text = readFileSync(new URL(file, folder), 'utf8').replace(/\n$/, '');
  const end = text.indexOf('\n');
  const fact: Fact = {
    type,
    schema: Number(schema),
    facts: JSON.parse(end < 0 ? text : text.slice(0, end)) as Fact['facts'],
    ...(end >= 0 && { resource: text.slice(end + 1) }),
  };
  return { file, fact };
});
const stored = new Set(samples.map(({ fact }) => fact.type));

/** What the generic events are shown by: all have one shape. */
const GENERIC = ['ObservationRecorded', 'ObservationAmended', 'ObservationEnteredInError', 'ObservationDeleted'];

describe('every shape that was ever stored', () => {
  it.each([...namedEventTypes, ...GENERIC])('%s has a sample of each of its versions', (type) => {
    const versions = samples.filter(({ fact }) => fact.type === type).map(({ fact }) => fact.schema);
    const today = currentSchema(type)!;
    expect(versions.toSorted()).toEqual(Array.from({ length: today }, (_, index) => index + 1));
  });

  it.each(samples)('$file is read, and is of today’s shape then', ({ fact }) => {
    const today = upcast(fact);
    expect(today.schema).toBe(currentSchema(fact.type));
    expect(today.type).toBe(fact.type);
  });

  const versions = samples.filter(({ fact }) => recordFactsOf(fact));
  it('there are samples that carry versions of resources', () => expect(versions.length).toBeGreaterThan(20));

  it.each(versions)('$file and the resource it carries say the same', ({ fact }) => {
    const { resourceType, id, versionId, effectiveAt } = recordFactsOf(upcast(fact))!;
    expect(versionId).toMatch(/^[1-9]\d*$/);
    if (fact.resource === undefined) {
      expect(isDeletion(fact)).toBe(true);
      return;
    }
    const resource = JSON.parse(fact.resource) as Readonly<Record<string, unknown>>;
    expect(Object.keys(resource).slice(0, 3)).toEqual(['resourceType', 'id', 'meta']);
    expect(resource).toMatchObject({ resourceType, id });
    expect(clinicalTime(resourceType, resource).start).toBe(effectiveAt);
  });
});

describe('the list of event types', () => {
  const found = eventTypesInSource();

  it('the reading of the source finds types', () => {
    expect([...found.keys()]).toEqual(expect.arrayContaining(['PatientRegistered', 'CommandAnswered', 'AccessDenied']));
  });

  it('knows every type that the code names', () => {
    const unknown = [...found].filter(([type]) => currentSchema(type) === undefined);
    expect(unknown.map(([type, file]) => `${type} in ${file}`)).toEqual([]);
  });

  it('names no type that the code does not know', () => {
    expect(namedEventTypes.filter((type) => !found.has(type))).toEqual([]);
  });

  it('has no sample of what is no event', () => {
    expect([...stored].filter((type) => currentSchema(type) === undefined)).toEqual([]);
  });

  it.each(['ObservationEnteredInError', 'PatientDeleted', 'BasicRecorded'])('%s is a generic event', (type) =>
    expect(currentSchema(type)).toBe(1),
  );

  it.each(['BundleRecorded', 'Recorded', 'NothingAmended', 'toString', 'PatientRecordedTwice'])('%s is none', (type) =>
    expect(currentSchema(type)).toBeUndefined(),
  );
});
