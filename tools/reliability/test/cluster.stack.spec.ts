import { describe, expect, it } from '@jest/globals';
import { CASE_NAMES } from '../src/cluster/case-names.ts';
import { runCluster } from '../src/cluster/run-cluster.ts';

/** Engines of its own: those that other suites share may not be killed. */
describe('the cluster profile', () => {
  it('survives every fault', async () => {
    const { failures, cases, acknowledged, reads, deaths } = await runCluster({
      seed: 'spec',
      cases: CASE_NAMES,
      cycles: 1,
      short: true,
      tell: () => undefined,
    });
    expect(failures).toEqual([]);
    expect(cases.map(({ name }) => name)).toEqual(CASE_NAMES);
    expect(deaths).toBe(0);
    expect(acknowledged).toBeGreaterThan(CASE_NAMES.length * 25);
    expect(reads).toBeGreaterThan(0);
  }, 1_200_000);
});
