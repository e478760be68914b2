import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { CLINICAL_TIME, ownerOf } from '@anamnesis/contracts';
import { effectiveTimePage, pages } from '@anamnesis/documents';

describe('the pages that follow from the code', () => {
  it('are in the repository as the code makes them (npm run generated)', async () => {
    const stale = (await pages()).filter(({ url, text }) => readFileSync(url, 'utf8') !== text);
    expect(stale.map(({ path }) => path)).toEqual([]);
  });

  it('the times of every type are told, of types that can be stored', () => {
    const page = effectiveTimePage();
    for (const [type, { start, end }] of Object.entries(CLINICAL_TIME)) {
      expect(ownerOf(type)).toBeDefined();
      const row = page.split('\n').find((line) => line.startsWith(`| ${type} |`));
      for (const element of [...start, ...(end ?? [])]) expect(row).toContain(`\`${element}\``);
    }
  });
});
