import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { syntheticChart, syntheticNetwork } from '@anamnesis/testing';
import { run as inProcess, type Ran } from './terminal.ts';

const LOADER = fileURLToPath(new URL('../../typescript.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
let data: string;
let charts: string;

/** As a shell runs it: a process of its own, which opens the folder itself. */
function run(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--import', LOADER, MAIN, ...args],
      { env: { PATH: process.env['PATH'], ANAMNESIS_DATA: data }, maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) => resolve({ code: (child.exitCode ?? 99) as Ran['code'], stdout, stderr }),
    );
  });
}

const json = <T>({ stdout }: Ran): T => JSON.parse(stdout) as T;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-own-'));
  data = join(folder, 'data');
  charts = join(folder, 'charts');
  await mkdir(charts);
  await writeFile(join(charts, 'a-hospital.json'), JSON.stringify(syntheticNetwork({ seed: 'own' })));
  for (const index of [0, 1]) {
    const chart = syntheticChart({ seed: 'own', index, resources: 40 });
    await writeFile(join(charts, `person-${index}.json`), JSON.stringify(chart, null, 1));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a folder without a running server', () => {
  it('takes an import, and the same import again without doubling anything', async () => {
    const first = await run('import', charts, '--json');
    expect(first).toMatchObject({ code: 0 });
    expect(json(first)).toMatchObject({ files: 3, resources: 108, problemCount: 0 });
    const again = await run('import', charts, '--json');
    expect(again.code).toBe(0);
    const counted = await run('export', '--to', '-', '--types', 'Patient,Observation,Practitioner');
    const lines = counted.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { resourceType: string });
    expect(lines.filter(({ resourceType }) => resourceType === 'Patient')).toHaveLength(2);
    expect(new Set(lines.map((line) => JSON.stringify(line))).size).toBe(lines.length);
  });

  it('shows charts, also as they stood', async () => {
    const patients = await run('export', '--to', '-', '--types', 'Patient');
    const [patient] = patients.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; identifier: { system: string; value: string }[] });
    const { system, value } = patient!.identifier[0]!;
    const chart = await run('chart', `${system}|${value}`);
    expect(chart.code).toBe(0);
    expect(chart.stdout).toContain('Encounter');
    expect((await run('chart', patient!.id, '--as-of', '2001-01-01')).code).toBe(1);
  });

  it('makes tokens, tells of its read models, rebuilds them and rotates its keys', async () => {
    expect((await run('token', '--as', 'nurse')).stdout.trim().split('.')).toHaveLength(3);
    expect((await run('token', '--as', 'astronaut')).code).toBe(2);
    expect(await run('projections')).toMatchObject({ code: 0 });
    expect(await run('rebuild')).toMatchObject({ code: 0 });
    expect(await run('keys', 'rotate')).toMatchObject({ code: 0 });
  });

  it('proves itself against a checkpoint kept elsewhere, and is found out when a byte is changed', async () => {
    const [checkpoint, key, log] = ['checkpoint', 'key', 'log.gz'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const { stdout } = await run('audit', 'checkpoint');
    await writeFile(checkpoint, stdout);
    await copyFile(join(data, 'audit', 'public-key'), key);
    const evidence = ['--checkpoint', checkpoint, '--public-key', key];
    expect(json(await run('audit', 'verify', '--json', ...evidence))).toMatchObject({
      status: 'verified',
      findings: [],
    });
    expect((await inProcess(['audit', 'verify', '--data', data])).stdout).toContain('Self-consistent only');
    expect((await run('export', '--log', log)).code).toBe(0);
    expect((await run('audit', 'verify', '--log', log, ...evidence)).code).toBe(0);

    await flipByteIn(join(data, 'log.sqlite'));
    const found = await run('audit', 'verify', ...evidence);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('FAILED');
  });
});

/** Changes one byte in the middle of the file's pages. */
async function flipByteIn(path: string): Promise<void> {
  const { size } = await stat(path);
  const bytes = await readFile(path);
  let at = size >> 1;
  while (bytes[at] === 0) at += 1;
  const file = await open(path, 'r+');
  await file.write(Buffer.of(bytes[at]! ^ 1), 0, 1, at);
  await file.close();
}
