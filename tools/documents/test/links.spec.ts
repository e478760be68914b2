import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { storableTypes } from '@anamnesis/contracts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: ROOT })].toSorted();
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Paths in code type; a placeholder (`<context>`) or a star stands for any name, a brace list is not looked at. */
const PATH = /`((?:libs|services|tools|e2e|docs)\/[^\s`{}()]+)`/g;

describe('what the documents point to', () => {
  it('there are documents', () => expect(documents.length).toBeGreaterThan(12));

  it.each(documents)('%s: every link leads to a file', (path) => {
    const targets = [...textOf(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target]) => target!);
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([]);
  });

  it.each(documents)('%s: every path exists', (path) => {
    const paths = [...textOf(path).matchAll(PATH)].map(([, named]) => named!);
    const missing = paths.filter((named) => globSync(named.replaceAll(/<[^>]*>/g, '*'), { cwd: ROOT }).length === 0);
    expect(missing).toEqual([]);
  });

  it('the index of decisions has each of them', () => {
    const index = textOf('docs/adr/README.md');
    const decisions = readdirSync(join(ROOT, 'docs/adr')).filter((file) => /^\d{4}-/.test(file));
    expect(decisions.filter((file) => !index.includes(`(${file})`))).toEqual([]);
  });

  it.each(['README.md', 'docs/fhir.md'])('%s counts the resource types right', (path) => {
    expect(textOf(path)).toMatch(new RegExp(`[Aa]ll ${storableTypes().length} (storable )?resource types`));
  });
});
