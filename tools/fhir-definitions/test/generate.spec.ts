import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { generate } from '../src/generate.ts';
import { loadDefinitions } from '../src/source.ts';
import { validationDocument } from '../src/validation-document.ts';
import { requiredBindings, valueSetName } from '../src/value-sets.ts';

const committed = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the generated files', () => {
  const definitions = loadDefinitions();

  it('are what the definitions make', () => {
    for (const [file, text] of generate(definitions)) {
      expect([file, committed(`libs/fhir/src/generated/${file}`) === text]).toEqual([file, true]);
    }
    expect(committed('docs/validation.md')).toBe(validationDocument());
  });

  it('have only what R4 has', () => {
    const paths = new Set(definitions.structures.flatMap(({ snapshot }) => snapshot.element.map(({ path }) => path)));
    for (const foreign of [
      'Meta.project',
      'ResearchStudy.label',
      'ResearchStudy.label.value',
      'SubscriptionStatus',
      'EvidenceVariable.characteristic.linkId',
    ]) {
      expect([foreign, paths.has(foreign)]).toEqual([foreign, false]);
    }
    for (const own of [
      'Meta.tag',
      'ResearchStudy.arm.name',
      'EvidenceVariable.characteristic.definition[x]',
      'EvidenceVariable.characteristic.groupMeasure',
    ]) {
      expect([own, paths.has(own)]).toEqual([own, true]);
    }
  });

  it('follow the data elements where the package differs from them', () => {
    const at = (path: string) =>
      definitions.structures.flatMap(({ snapshot }) => snapshot.element).find((one) => one.path === path);
    expect(at('DetectedIssue.status')?.binding?.valueSet).toContain('observation-status');
    expect(at('Bundle.entry.response.outcome')?.type?.[0]?.code).toBe('Resource');
    expect(at('Quantity.comparator')?.max).toBe('1');
  });

  it('name each value set by a name of its own, and hold its codes apart by spaces', () => {
    const { sets, unlisted } = requiredBindings(definitions);
    const names = [...sets.keys(), ...[...unlisted.keys()].map(valueSetName)];
    expect(new Set(names).size).toBe(names.length);
    for (const codes of sets.values())
      for (const [, some] of codes) for (const code of some) expect(code).toMatch(/^\S+$/);
  });
});
