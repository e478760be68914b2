import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Measured, Row } from '../src/bench.ts';
import { asked } from '../src/command-line.ts';
import { bundlesIn, peopleBundles, syntheticBundles } from '../src/load/bundle-load.ts';
import { asJson, printed } from '../src/report.ts';
import { residentBytes } from '../src/resident-bytes.ts';
import { ROWS } from '../src/rows/index.ts';
import { runBench } from '../src/run-bench.ts';
import { FULL, QUICK } from '../src/settings.ts';

async function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new PassThrough().setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  const code = await runBench(args, {
    stdout: into('out') as PassThrough,
    stderr: into('err') as PassThrough,
    env: {},
  });
  return { code, ...said };
}

describe('the benchmark', () => {
  it('has every row of the bars', () => {
    expect(ROWS.map(({ name }) => name)).toEqual([
      'mix',
      'bundles',
      'visible',
      'relay',
      'projections',
      'rebuild',
      'chart',
      'search',
      'verify',
      'memory',
      'processes',
      'start',
    ]);
  });

  it('explains itself', async () => {
    const { code, out } = await bench('--help');
    expect(code).toBe(0);
    for (const { name } of ROWS) expect(out).toContain(name);
  });

  it.each([
    [['--rows', 'nothing']],
    [['--seconds', '0']],
    [['--server', 'not an address']],
    [['--fast']],
    [['word']],
    [['--profile', 'other']],
    [['--stack-folder', '/x']],
    [['--profile', 'cluster', '--server', 'http://127.0.0.1:9']],
  ])('ends with 2 on %j', async (args) => {
    const { code, err } = await bench(...args);
    expect(code).toBe(2);
    expect(err).not.toBe('');
  });

  it('takes rows, seconds and sizes from its arguments', () => {
    const embedded = ROWS.filter(({ clusterOnly }) => clusterOnly === undefined);
    expect(asked([])).toMatchObject({ profile: 'embedded', rows: embedded, settings: FULL, json: false });
    expect(asked(['--profile', 'cluster'])).toMatchObject({ profile: 'cluster', rows: ROWS });
    expect(asked(['--rows', 'start,mix', '--quick', '--seconds', '4', '--json'])).toMatchObject({
      rows: [{ name: 'mix' }, { name: 'start' }],
      settings: { ...QUICK, seconds: 4 },
      json: true,
    });
  });

  it('tells of a row that cannot be measured, and ends with 1', async () => {
    const { code, out } = await bench('--rows', 'mix,verify', '--server', 'http://127.0.0.1:9', '--json', '--quick');
    expect(code).toBe(1);
    const { rows } = JSON.parse(out) as { rows: object[] };
    expect(rows).toMatchObject([
      { name: 'mix', failed: expect.any(String) },
      { name: 'verify', skipped: expect.any(String) },
    ]);
  });

  it('measures a record of its own', async () => {
    const { code, out } = await bench('--quick', '--rows', 'mix', '--json');
    const { rows } = JSON.parse(out) as { rows: object[] };
    expect(rows).toMatchObject([{ name: 'mix', figures: { errors: 0, requestsPerSecond: expect.any(Number) } }]);
    expect(code).toBe(0);
  }, 120_000);

  it('prints each figure beside its bar and what it was measured on', () => {
    const row: Row = { name: 'mix', what: 'a mix', bar: '100/s', measure: () => Promise.reject(new Error()) };
    const measured: Measured = { figure: '90/s', reached: false, figures: { rate: 90 }, on: 'two people' };
    const text = printed(
      [
        { row, measured },
        { row, failed: 'no disk' },
      ],
      { settings: QUICK, profile: 'embedded' },
    );
    expect(text).toMatch(/a mix\n +bar: +100\/s\n +figure: 90\/s {2}\(NOT reached\)\n +on: +two people/);
    expect(text).toContain('NOT MEASURED: no disk');
    expect(text).toContain('A quick run');
    expect(asJson([{ row, measured }], { settings: FULL, profile: 'embedded' })).toMatchObject({
      rows: [{ name: 'mix', bar: '100/s', figures: { rate: 90 }, reached: false }],
    });
  });

  it('reads the resident memory of a process', () => {
    expect(residentBytes(process.pid)).toBeGreaterThan(10_000_000);
    expect(residentBytes(2 ** 22 + 1)).toBe(0);
  });
});

describe('bundles', () => {
  it('are made until there are enough resources, the network first', () => {
    const bundles = syntheticBundles('s', 500);
    expect(bundles.slice(1).reduce((sum, { resources }) => sum + resources, 0)).toBeGreaterThanOrEqual(500);
    expect(bundles[0]!.body).toContain('"Practitioner"');
    expect(bundles[0]!.body).not.toContain('"Patient"');
  });

  it('hold each person once', () => {
    const bundles = [...peopleBundles('s', 0, 450)];
    expect(bundles.map(({ resources }) => resources)).toEqual([200, 200, 50]);
    const numbers = bundles.flatMap(({ body }) => [...body.matchAll(/"value":"(MR[^"]+)"/g)].map(([, value]) => value));
    expect(new Set(numbers).size).toBe(450);
  });

  it('are read from a folder, hospitals and practitioners first', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bundles-'));
    try {
      await writeFile(join(folder, 'a.json'), '{"entry":[{},{}]}');
      await writeFile(join(folder, 'hospital.json.gz'), gzipSync('{"entry":[{}]}'));
      await writeFile(join(folder, 'read.me'), 'no bundle');
      expect((await bundlesIn(folder)).map(({ resources }) => resources)).toEqual([1, 2]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
