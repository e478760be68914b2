import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { asked, caseSeeds } from '../src/command-line.ts';
import { killText, simulationText } from '../src/report.ts';
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
    for (const option of ['--cycles', '--seeds', '--seed', '--only', '--json']) expect(out).toContain(option);
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
