import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { packagesWithStackSpecs, stepsAsked, stepsOf } from '../src/test-steps.ts';

const root = mkdtempSync(join(tmpdir(), 'anamnesis-test-steps-'));
afterAll(() => rmSync(root, { recursive: true }));

const write = (folder: string, name: string): void => {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, name), '');
};

describe('the steps of npm run test:stack', () => {
  it('are the packages that have such suites, and the end-to-end suite', () => {
    write('libs/event-bus/test/deep', 'kafka.stack.spec.ts');
    write('libs/event-bus/test', 'other.stack.spec.ts');
    write('libs/kernel/test', 'ids.spec.ts');
    write('tools/stack/test', 'engines.stack.spec.ts');
    expect(stepsOf(packagesWithStackSpecs(root))).toEqual(['libs/event-bus', 'tools/stack', 'e2e']);
  });

  it('can be chosen by name, in any order', () => {
    const all = ['libs/event-bus', 'tools/stack', 'e2e'];
    expect(stepsAsked([], all)).toEqual({ steps: all });
    expect(stepsAsked(['e2e', 'event-bus'], all)).toEqual({ steps: ['libs/event-bus', 'e2e'] });
    expect(stepsAsked(['tools/stack', 'stack'], all)).toEqual({ steps: ['tools/stack'] });
    expect(stepsAsked(['bus', 'e2e'], all)).toEqual({ wrong: `no such step: bus; there are ${all.join(', ')}` });
  });
});
