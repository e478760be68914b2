import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { CASE_NAMES } from '../src/cluster/case-names.ts';
import { clusterText } from '../src/cluster/cluster-report.ts';
import { asked, caseSeeds } from '../src/command-line.ts';
import { killText, listed, simulationText } from '../src/report.ts';
import { runReliability } from '../src/run-reliability.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new PassThrough().setEncoding('utf8').on('data', (text: string) => (said[name] += text)) as PassThrough;
  const code = await runReliability(args, { stdout: into('out'), stderr: into('err') });
  return { code, ...said };
}

describe('the command line', () => {
  it('explains itself', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const option of ['--cycles', '--seeds', '--seed', '--only', '--json', '--profile', ...CASE_NAMES])
      expect(out).toContain(option);
  });

  it.each([
    [['--cycles', '0']],
    [['--cycles', 'many']],
    [['--seeds', '-1']],
    [['--seeds', '10000000']],
    [['--seed', 'with space']],
    [['--only', 'hope']],
    [['--quick']],
    [['word']],
    [['--profile', 'other']],
    [['--cases', 'kafka']],
    [['--short']],
    [['--profile', 'cluster', '--seeds', '3']],
    [['--profile', 'cluster', '--only', 'kill']],
    [['--profile', 'cluster', '--cases', 'kafka,hope']],
    [['--profile', 'cluster', '--minutes', '0']],
    [['--profile', 'cluster', '--minutes', '3', '--cycles', '3']],
    [['--profile', 'cluster', '--instances', '9']],
  ])('refuses %j', async (args) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toBe('');
  });

  it('does both unless told otherwise', () => {
    expect(asked([])).toMatchObject({ parts: ['simulation', 'kill'], json: false });
    expect(asked(['--only', 'kill', '--cycles', '1000'])).toMatchObject({ parts: ['kill'], cycles: 1_000 });
  });

  it('makes every fault of the cluster profile once unless told otherwise', () => {
    expect(asked(['--profile', 'cluster'])).toEqual({
      profile: 'cluster',
      cases: CASE_NAMES,
      cycles: 1,
      minutes: undefined,
      short: false,
      instances: 1,
      seed: undefined,
      json: false,
    });
    const some = ['--profile', 'cluster', '--cases', 'kafka,clocks', '--minutes', '90', '--short', '--instances', '2'];
    expect(asked(some)).toMatchObject({ cases: ['kafka', 'clocks'], minutes: 90, short: true, instances: 2 });
  });

  it('runs one case under the very seed that was printed for it', () => {
    expect([...caseSeeds('abc', 3)]).toEqual(['abc-0', 'abc-1', 'abc-2']);
    expect([...caseSeeds('abc-1', 1)]).toEqual(['abc-1']);
  });

  it('prints what it found as JSON', async () => {
    const { code, out } = await run('--only', 'simulation', '--seeds', '2', '--seed', 'json', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ seed: 'json', simulation: { seeds: 2, failed: [] } });
  });
});

describe('the report', () => {
  it('says which faults were not survived, and how to make them again', () => {
    const seconds = { all: 9, fault: 5, checks: 4 };
    const one = { cycle: 1, acknowledged: 5, seconds };
    const cases = [
      { name: 'kafka', failures: ['kafka: lost'], ...one } as const,
      { name: 'clocks', failures: [], ...one } as const,
    ];
    const counts = { acknowledged: 10, unanswered: 1, reads: 2, versions: 9, seconds: 18, deaths: 0 };
    const report = { seed: 's', short: true, instances: 2, cases, failures: ['kafka: lost'], kept: '/kept', ...counts };
    const text = clusterText(report, listed);
    for (const part of ['kafka (cycle 1): FAILED', 'clocks (cycle 1): held', '- kafka: lost', '/kept']) {
      expect(text).toContain(part);
    }
    expect(text).toContain('--profile cluster --cases kafka --seed s --short --instances 2');
    expect(clusterText({ ...report, cases: [cases[1]!], failures: [] }, listed)).toContain('all held');
  });

  it('says how to run a failed case again', () => {
    const failed = [{ seed: 'abc-7', failures: ['lost'], trace: '' }];
    expect(simulationText({ seeds: 9, seconds: 1, failed })).toContain('--only simulation --seeds 1 --seed abc-7');
  });

  it('says where the folder of a failed run is, and what was not checked', () => {
    const counts = { cycles: 3, killedAtStart: 1, acknowledged: 9, unanswered: 1, reads: 2, versions: 9, seconds: 1 };
    const text = killText({ seed: 's', ...counts, failures: ['lost'], skipped: ['the tree'], kept: '/kept/here' });
    for (const part of ['lost', 'not checked: the tree', '/kept/here', '--cycles 3 --seed s'])
      expect(text).toContain(part);
  });
});
