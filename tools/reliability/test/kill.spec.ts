import { describe, expect, it } from '@jest/globals';
import { runKill } from '../src/kill/run-kill.ts';

describe('the record, killed at random moments', () => {
  it('keeps what it acknowledged, once', async () => {
    const { failures, cycles, acknowledged, versions } = await runKill({ seed: 'spec', cycles: 3 });
    expect(failures).toEqual([]);
    expect(cycles).toBe(3);
    expect(versions).toBeGreaterThan(0);
    expect(acknowledged).toBeGreaterThan(0);
  }, 240_000);
});
