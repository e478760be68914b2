import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { syntheticChart, syntheticNetwork } from '@anamnesis/testing';
import { run, type Ran } from './terminal.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const NODE = ['--disable-warning=ExperimentalWarning', '--import', at('../../typescript.mjs')];
const COMMAND_LINE = at('../src/main.ts');
const RECORD = at('../../../services/all-in-one/src/main.ts');

const NO_RETENTION = { ANAMNESIS_RETENTION_CLINICAL_YEARS: '0', ANAMNESIS_RETENTION_FINANCIAL_YEARS: '0' };

let folder: string;
let data: string;
let charts: string;
let log: string;
let evidence: string[];

const json = <T>({ stdout }: Ran): T => JSON.parse(stdout) as T;
const lines = ({ stdout }: Ran): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-own-'));
  data = join(folder, 'data');
  charts = join(folder, 'charts');
  log = join(folder, 'log.gz');
  evidence = ['--checkpoint', join(folder, 'checkpoint'), '--public-key', join(folder, 'public-key')];
  await mkdir(charts);
  await writeFile(join(charts, 'a-hospital.json'), JSON.stringify(syntheticNetwork({ seed: 'own' })));
  for (const index of [0, 1]) {
    const chart = syntheticChart({ seed: 'own', index, resources: 40 });
    await writeFile(join(charts, `person-${index}.json`), JSON.stringify(chart, null, 1));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a folder without a running server', () => {
  /** As a shell runs it: a process of its own, which opens the folder itself. */
  const shell = (...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], ANAMNESIS_DATA: data };
      const child = execFile(process.execPath, [...NODE, COMMAND_LINE, ...args], { env }, (_, stdout, stderr) =>
        resolve({ code: (child.exitCode ?? 99) as Ran['code'], stdout, stderr }),
      );
    });

  it('is opened by the command itself, whatever a server that is gone left behind, and let go of', async () => {
    expect((await run(['token', '--as', 'nurse', '--data', data])).code).toBe(2);
    await mkdir(data, { mode: 0o700 });
    await writeFile(join(data, 'server.json'), JSON.stringify({ url: 'http://127.0.0.1:9', pid: process.pid }));
    const first = await shell('import', charts, '--json');
    expect(first.code).toBe(0);
    expect(json(first)).toMatchObject({ files: 3, resources: 108, problemCount: 0 });
    await expect(stat(join(data, 'server.json'))).rejects.toThrow();
  });

  it('has tokens made for where its settings say, when a server that is gone left its address behind', async () => {
    await writeFile(join(data, 'server.json'), JSON.stringify({ url: 'http://127.0.0.1:9', pid: process.pid }));
    const { stdout } = await run(['token', '--as', 'nurse', '--data', data], { env: { PORT: '8123' } });
    await rm(join(data, 'server.json'));
    const { iss } = JSON.parse(Buffer.from(stdout.split('.')[1]!, 'base64url').toString()) as { iss: string };
    expect(iss).toContain(':8123/');
  });
});

describe('a folder with a running server', () => {
  let server: ChildProcess;
  const command = (...args: string[]): Promise<Ran> => run([...args, '--data', data]);

  beforeAll(async () => {
    server = spawn(process.execPath, [...NODE, RECORD], {
      env: { PATH: process.env['PATH'], ANAMNESIS_DATA: data, HOST: '127.0.0.1', PORT: '0', ...NO_RETENTION },
      stdio: 'ignore',
    });
    for (;;) {
      const said = await readFile(join(data, 'server.json'), 'utf8').catch(() => '{}');
      if ((JSON.parse(said) as { pid?: number }).pid === server.pid) return;
      if (server.exitCode !== null) throw new Error('The record stopped at its start');
      await wait(20);
    }
  });
  afterAll(async () => {
    if (server.exitCode !== null) return;
    server.kill();
    await once(server, 'exit');
  });

  it('takes the same import again without doubling anything', async () => {
    expect((await command('import', charts)).code).toBe(0);
    const exported = lines(
      await command('export', '--to', '-', '--types', 'Patient,Observation,Practitioner,Encounter'),
    );
    const wanted = (type: string) => (each: Record<string, unknown>) => each['resourceType'] === type;
    expect(exported.filter(wanted('Patient'))).toHaveLength(2);
    expect(new Set(exported.map(({ id }) => id)).size).toBe(exported.length);
    const history = lines(await command('export', '--to', '-', '--types', 'Patient', '--history'));
    expect(history).toHaveLength(2);
  });

  it('exports every type', async () => {
    const exported = json<{ type: string; resources: number }[]>(
      await command('export', '--to', join(folder, 'out'), '--json'),
    );
    const clinical = exported.filter(({ type }) => type !== 'AuditEvent');
    expect(clinical.reduce((sum, { resources }) => sum + resources, 0)).toBe(108);
  });

  it('shows charts, also as they stood', async () => {
    const [patient] = lines(await command('export', '--to', '-', '--types', 'Patient')) as [
      { id: string; identifier: { system: string; value: string }[] },
    ];
    const { system, value } = patient.identifier[0]!;
    const chart = await command('chart', `${system}|${value}`);
    expect(chart.code).toBe(0);
    expect(chart.stdout).toContain('Encounter');
    expect((await command('chart', patient.id, '--as-of', '2001-01-01')).code).toBe(1);
    const trail = await command('audit', 'trail', patient.id);
    expect(trail.code).toBe(0);
    expect(trail.stdout).toMatch(/Z +physician +physician +TREAT +PatientDataRead .* success/);
  });

  it('makes tokens, tells of its read models, rebuilds them and rotates its keys', async () => {
    expect((await command('token', '--as', 'nurse')).stdout.trim().split('.')).toHaveLength(3);
    const { url } = JSON.parse(await readFile(join(data, 'server.json'), 'utf8')) as { url: string };
    await writeFile(
      join(data, 'identity', 'issuer.json'),
      JSON.stringify({ issuer: 'http://127.0.0.1:9/realms/other', facilities: [] }),
    );
    const { stdout: token } = await run(['token', '--as', 'operator', '--data', data], { env: { PORT: '9' } });
    const headers = { authorization: `Bearer ${token.trim()}` };
    expect((await fetch(`${url}/admin/projections`, { headers })).status).toBe(200);
    expect((await command('token', '--as', 'astronaut')).code).toBe(2);
    expect((await command('projections')).code).toBe(0);
    expect((await command('rebuild')).code).toBe(0);
    expect((await command('keys', 'rotate')).stdout).toContain('Version 2');
  });

  it('erases for two officers, not for one, and not under a hold', async () => {
    expect((await command('projections', '--as', 'nurse')).code).toBe(1);
    const [{ id }] = lines(await command('export', '--to', '-', '--types', 'Patient')) as [{ id: string }];
    expect((await command('hold', id, '--reason', 'case 7')).code).toBe(0);
    const ask = ['erase', id, '--reason', 'asked for it', '--basis', 'GDPR 17(1)(b)', '--json'];
    expect((await command(...ask)).code).toBe(1);
    expect((await command('hold', id, '--release')).code).toBe(0);
    expect((await command('hold', id, '--release')).code).toBe(1);
    const asked = await command(...ask);
    expect(asked.stderr).toBe('');
    const own = await command('erase', 'approve', json<{ id: string }>(asked).id);
    expect(own.code).toBe(1);
    expect(own.stderr).toContain('403');
    expect(
      (await command('erase', 'approve', json<{ id: string }>(asked).id, '--as', 'compliance-officer-2')).code,
    ).toBe(0);
    expect((await command('chart', id)).stderr).toContain('410');
  });

  it('proves itself against a checkpoint kept elsewhere, also by an exported log', async () => {
    await writeFile(join(folder, 'checkpoint'), (await command('audit', 'checkpoint')).stdout);
    await copyFile(join(data, 'audit', 'public-key'), join(folder, 'public-key'));
    expect(json(await command('audit', 'verify', '--json', ...evidence))).toMatchObject({
      status: 'verified',
      findings: [],
    });
    expect((await command('export', '--log', log)).code).toBe(0);
    expect((await command('audit', 'verify', '--log', log, ...evidence)).stdout).toContain('Verified');
  });

  it('is found out when a byte of its log is changed', async () => {
    server.kill();
    await once(server, 'exit');
    await flipByteIn(join(data, 'log.sqlite'));
    const found = await command('audit', 'verify', ...evidence);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('FAILED');
  });
});

/** Changes one byte in the middle of the file. */
async function flipByteIn(path: string): Promise<void> {
  const bytes = await readFile(path);
  let place = bytes.length >> 1;
  while (bytes[place] === 0) place += 1;
  const file = await open(path, 'r+');
  await file.write(Buffer.of(bytes[place]! ^ 1), 0, 1, place);
  await file.close();
}
