import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { standInRecord, type Reply } from './stand-in-record.ts';
import { run } from './terminal.ts';

const COMMANDS = [
  ...[
    'import',
    'export',
    'chart',
    'audit',
    'audit checkpoint',
    'audit verify',
    'audit trail',
    'projections',
    'rebuild',
  ],
  ...['erase', 'erase approve', 'hold', 'token', 'keys', 'keys rotate'],
];

let folder: string;
let record: Awaited<ReturnType<typeof standInRecord>> | undefined;
let at: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-cli-'));
});
afterEach(async () => {
  await record?.close();
  record = undefined;
  await rm(folder, { recursive: true });
});

async function recordThat(reply: Reply): Promise<void> {
  record = await standInRecord(reply);
  at = ['--server', record.url, '--token', 't'];
}
const answering =
  (body: unknown, status = 200): Reply =>
  (_, response) => {
    response.statusCode = status;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

describe('the command line', () => {
  it.each(COMMANDS)('explains itself: %s --help', async (command) => {
    const { code, stdout, stderr } = await run([...command.split(' '), '--help']);
    expect(stdout).toContain(`Usage: anamnesis ${command}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each(COMMANDS.filter((command) => command !== 'audit' && command !== 'keys'))('%s has --json', async (command) => {
    expect((await run([...command.split(' '), '--help'])).stdout).toContain('--json');
  });

  it.each([
    ['', []],
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['token', '--as', 'nurse', '--sas']],
    ['no argument', ['chart']],
    ['a role that cannot be one', ['token', '--as', '../nurse']],
    ['a duration that is none', ['token', '--as', 'nurse', '--ttl', 'long']],
    ['a duration that is too long', ['token', '--as', 'nurse', '--ttl', '25h']],
    ['a moment that does not exist', ['chart', 'p', '--as-of', '2026-02-30T25:00:00Z']],
    ['a moment that is none', ['chart', 'p', '--as-of', 'yesterday']],
    ['a parallelism out of bounds', ['import', '.', '--parallel', '65']],
    ['a server that is no address', ['projections', '--server', 'file:///etc', '--token', 't']],
    ['a purpose that is no code', ['projections', '--purpose', 'because']],
    ['an erasure without a basis', ['erase', 'p', '--reason', 'asked']],
    ['a hold without a reason', ['hold', 'p']],
    ['an export to nowhere', ['export']],
    ['a trail of nobody', ['audit', 'trail']],
    ['a log that is not there', ['audit', 'verify', '--log', '/no/such/log']],
    ['a checkpoint that is not there', ['audit', 'verify', '--checkpoint', '/no/such/checkpoint']],
    ['a token file that is not there', ['projections', '--server', 'http://127.0.0.1:9', '--token', '@/no/such/token']],
  ])('ends with 2 and one clear line on %s', async (_, args) => {
    const { code, stdout, stderr } = await run(args as string[], { env: { ANAMNESIS_DATA: folder } });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.length).toBeGreaterThan(10);
  });

  it.each([
    ['chart', 'p'],
    ['export', '--to', '-'],
    ['export', '--log', 'log'],
    ['audit', 'trail', 'p'],
    ['audit', 'checkpoint'],
    ['audit', 'verify'],
    ['projections'],
    ['rebuild'],
    ['erase', 'p', '--reason', 'asked', '--basis', 'law'],
    ['erase', 'approve', 'e'],
    ['hold', 'p', '--reason', 'case 7'],
    ['keys', 'rotate'],
    ['token', '--as', 'nurse'],
  ])('makes no record of a folder that holds none: %s', async (...args) => {
    for (const data of [folder, join(folder, 'mistyped')]) {
      const { code, stdout, stderr } = await run([...args, '--data', data]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^.+\n$/);
      expect(stderr).toContain(data);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('ends with 3 when nobody answers', async () => {
    const { code, stderr } = await run(['projections', '--server', 'http://127.0.0.1:9', '--token', 't']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'The record at http://127.0.0.1:9 does not answer\n' });
  });

  it('ends with 1 and the reason when the record refuses', async () => {
    await recordThat(answering({ type: 'about:blank', title: 'Forbidden', detail: 'This is for operators.' }, 403));
    expect(await run(['projections', ...at])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'The record answered 403: This is for operators.\n',
    });
  });

  it('sends the token and the purpose, and takes the FHIR base for the address as well', async () => {
    await recordThat(answering([]));
    await writeFile(join(folder, 'token'), 'from-file\n');
    await run([
      'projections',
      '--server',
      `${record!.url}/fhir/`,
      '--token',
      `@${join(folder, 'token')}`,
      '--purpose',
      'HOPERAT',
    ]);
    expect(record!.received[0]).toMatchObject({
      url: '/admin/projections',
      headers: { authorization: 'Bearer from-file', 'x-purpose-of-use': 'HOPERAT' },
    });
  });
});

describe('projections and rebuild', () => {
  const told = { state: 'following', position: 42, head: 42, lag: 0, poisonCount: 0, poison: [] };
  const models = [
    { ...told, model: 'search', position: 40, lag: 2 },
    { ...told, model: 'timeline', poisonCount: 1, poison: [{ position: 3 }] },
  ];

  it('shows every read model, and ends with 1 when one skipped an event', async () => {
    await recordThat(answering(models));
    const { code, stdout } = await run(['projections', ...at]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/search +following +40 +2 +0/);
    await record!.close();
    await recordThat(answering([models[0]]));
    expect((await run(['projections', ...at, '--json'])).code).toBe(0);
  });

  it('rebuilds the models asked for and follows the progress', async () => {
    await recordThat((request, response) => {
      if (request.method === 'GET') return answering(models)(request, response, 0);
      response.end('{"done":10,"total":42}\n{"done":42,"total":42}\n');
    });
    const { code, stdout } = await run(['rebuild', ...at, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { model: 'search', positions: 42 },
      { model: 'timeline', positions: 42 },
    ]);
    expect((await run(['rebuild', 'nothing', ...at])).code).toBe(1);
  });

  it('ends with 1 when the rebuild fails on the way', async () => {
    await recordThat((request, response) => {
      if (request.method === 'GET') return answering(models)(request, response, 0);
      response.end('{"done":10,"total":42}\n{"error":{"detail":"The disk is full."}}\n');
    });
    expect(await run(['rebuild', 'search', ...at])).toMatchObject({ code: 1, stderr: 'search: The disk is full.\n' });
  });
});

describe('chart', () => {
  const entry = (resource: object): object => ({ resource });
  const page = (next: string | undefined, ...resources: object[]): object => ({
    resourceType: 'Bundle',
    link: next === undefined ? [] : [{ relation: 'next', url: next }],
    entry: resources.map(entry),
  });

  it('prints what the record knew, page by page, and never leaves the record', async () => {
    await recordThat((request, response) => {
      if (!request.url.includes('page=2')) {
        const patient = {
          resourceType: 'Patient',
          id: 'p',
          name: [{ family: 'Novak\u001b[31m', given: ['Ida'] }],
          birthDate: '1980-02-01',
        };
        return answering(page('http://elsewhere.example/fhir/Patient/p/$everything?page=2', patient))(
          request,
          response,
          0,
        );
      }
      const weight =
        '{"resourceType":"Observation","status":"final","code":{"text":"Body weight"},"effectiveDateTime":"2020-01-01","valueQuantity":{"value":70.00,"unit":"kg"}}';
      response.end(`{"resourceType":"Bundle","entry":[{"resource":${weight}}]}`);
    });
    const { code, stdout } = await run(['chart', 'Patient/p', '--as-of', '2024-05-01', ...at]);
    expect(code).toBe(0);
    expect(record!.received.map(({ url }) => url)).toEqual([
      '/fhir/Patient/p/$everything?_asOf=2024-05-01',
      '/fhir/Patient/p/$everything?page=2',
    ]);
    expect(stdout).toContain('Ida Novak');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/2020-01-01 +Observation +Body weight +70\.00 kg +final/);
  });

  it('finds a patient by identifier', async () => {
    await recordThat((request, response) =>
      answering(page(undefined, { resourceType: 'Patient', id: 'p9' }))(request, response, 0),
    );
    await run(['chart', 'https://mrn.example|A 1', ...at]);
    expect(record!.received.map(({ url }) => url)).toEqual([
      `/fhir/Patient?identifier=${encodeURIComponent('https://mrn.example|A 1')}&_elements=id&_count=2`,
      '/fhir/Patient/p9/$everything',
    ]);
  });

  it('refuses an identifier of nobody, or of two', async () => {
    await recordThat(answering(page(undefined)));
    expect(await run(['chart', 's|v', ...at])).toMatchObject({ code: 1, stderr: 'No patient has that identifier\n' });
    await record!.close();
    await recordThat(
      answering(page(undefined, { resourceType: 'Patient', id: 'a' }, { resourceType: 'Patient', id: 'b' })),
    );
    expect((await run(['chart', 's|v', ...at])).code).toBe(1);
  });
});

describe('erase and hold', () => {
  it('asks, and approves what was asked for', async () => {
    await recordThat(answering({ id: 'e1' }));
    expect((await run(['erase', 'p', '--reason', 'asked', '--basis', 'GDPR 17(1)(b)', ...at])).stdout).toContain(
      'erase approve e1',
    );
    expect(JSON.parse(record!.received[0]!.body)).toEqual({ patient: 'p', reason: 'asked', basis: 'GDPR 17(1)(b)' });
    expect((await run(['erase', 'approve', 'e1', ...at, '--purpose', 'HCOMPL'])).code).toBe(0);
    expect(record!.received[1]).toMatchObject({
      method: 'POST',
      url: '/admin/erasures/e1/approve',
      headers: { 'x-purpose-of-use': 'HCOMPL' },
    });
  });

  it('says what is not there, and what to set where the record does not say it', async () => {
    const notFound = { title: 'There is nothing at this address.', status: 404, code: 'not-found' };
    await recordThat(answering(notFound, 404));
    const ask = ['erase', 'p', '--reason', 'asked', '--basis', 'GDPR 17(1)(b)', ...at];
    const said = (stderr: string): object => ({ code: 1, stdout: '', stderr: `${stderr}\n` });
    expect(await run(['erase', 'approve', 'e1', ...at])).toEqual(said('There is no such erasure.'));
    expect(await run(ask)).toEqual(said('There is no such patient.'));
    expect(await run(['hold', 'p', '--reason', 'case 7', ...at])).toEqual(said('There is no such patient.'));
    await record!.close();
    await recordThat(answering({ title: 'No retention.', status: 409, code: 'erasure-retention-not-configured' }, 409));
    const settings = 'ANAMNESIS_RETENTION_CLINICAL_YEARS and ANAMNESIS_RETENTION_FINANCIAL_YEARS';
    expect(await run(['erase', 'approve', 'e1', ...at])).toEqual(
      said(`The record answered 409: No retention. Start the record with ${settings} set.`),
    );
  });

  it('puts and releases a hold', async () => {
    await recordThat(answering({ id: 'h1' }));
    expect((await run(['hold', 'p', '--reason', 'case 7', ...at])).code).toBe(0);
    expect((await run(['hold', 'p', '--release', '--reason', 'over', ...at])).code).toBe(0);
    expect((await run(['hold', 'p', '--release', ...at])).code).toBe(0);
    expect(record!.received.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual([
      'POST /admin/holds {"patient":"p","reason":"case 7"}',
      'DELETE /admin/holds/p?reason=over ',
      'DELETE /admin/holds/p ',
    ]);
  });
});

describe('export', () => {
  const reply: Reply = (request, response) => {
    if (request.url === '/fhir/metadata')
      return answering({ rest: [{ resource: [{ type: 'Patient' }, { type: 'Goal' }] }] })(request, response, 0);
    const entries =
      '{"fullUrl":"x","resource":{"resourceType":"Patient","id":"a","x":1.00}},{"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome"}}';
    response.end(`{"resourceType":"Bundle","entry":[${request.url.startsWith('/fhir/Patient') ? entries : ''}]}`);
  };

  it('writes one private file a type, numbers in their written form, none for a type without resources', async () => {
    await recordThat(reply);
    const to = join(folder, 'out');
    const { code, stdout } = await run(['export', '--to', to, ...at, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([{ type: 'Patient', resources: 1, file: join(to, 'Patient.ndjson') }]);
    expect(await readFile(join(to, 'Patient.ndjson'), 'utf8')).toBe('{"resourceType":"Patient","id":"a","x":1.00}\n');
    expect((await stat(join(to, 'Patient.ndjson'))).mode & 0o077).toBe(0);
    await expect(stat(join(to, 'Goal.ndjson'))).rejects.toThrow();
    expect((await run(['export', '--to', to, ...at])).stderr).toContain('already');
  });

  it('writes to stdout, and refuses a type that is not served', async () => {
    await recordThat(reply);
    expect(await run(['export', '--to', '-', '--types', 'Patient', ...at])).toMatchObject({
      code: 0,
      stdout: '{"resourceType":"Patient","id":"a","x":1.00}\n',
    });
    expect((await run(['export', '--to', '-', '--types', 'Potato', ...at])).code).toBe(2);
  });
});

describe('audit', () => {
  it('prints the checkpoint as it is', async () => {
    const note = 'anamnesis/1\n42\ncm9vdA==\n\n— anamnesis/1 c2ln\n';
    await recordThat(answering(note));
    expect(await run(['audit', 'checkpoint', ...at])).toEqual({ code: 0, stdout: note, stderr: '' });
    expect(JSON.parse((await run(['audit', 'checkpoint', ...at, '--json'])).stdout)).toMatchObject({
      note,
      origin: 'anamnesis/1',
      size: 42,
    });
  });

  const line = {
    at: 0,
    actor: 'u',
    role: 'nurse',
    purpose: 'TREAT',
    what: 'PatientDataRead',
    interaction: 'read',
    outcome: '0',
  };
  const ndjson = (...lines: object[]): string => lines.map((each) => `${JSON.stringify(each)}\n`).join('');

  it('lists who saw a patient, and how it ended, in words', async () => {
    await recordThat(
      answering(ndjson(line, { ...line, outcome: '4' }, { ...line, outcome: '8' }, { ...line, outcome: '12' })),
    );
    const { stdout } = await run(['audit', 'trail', 'p', '--since', '2024-01-01', ...at]);
    expect(stdout).toMatch(/1970-01-01T00:00:00.000Z +u +nurse +TREAT +PatientDataRead \(read\) +success$/m);
    for (const outcome of ['minor', 'serious', 'major']) expect(stdout).toMatch(new RegExp(`${outcome} failure$`, 'm'));
    expect(stdout).toContain('4 entries\n');
    expect(record!.received[0]!.url).toBe('/audit/trail?patient=p&since=2024-01-01');
    await record!.close();
    await recordThat(answering(ndjson(line)));
    expect((await run(['audit', 'trail', 'p', ...at])).stdout).toContain('1 entry\n');
    expect(JSON.parse((await run(['audit', 'trail', 'p', '--json', ...at])).stdout)).toEqual([line]);
  });

  it("calls the folder's own users by their names, and takes them", async () => {
    await mkdir(join(folder, 'identity'));
    await writeFile(join(folder, 'identity', 'users.json'), JSON.stringify([{ subject: 'u', username: 'florence' }]));
    await recordThat(answering(ndjson(line, { ...line, actor: 'somebody-else' })));
    const { stdout } = await run(['audit', 'trail', '--agent', 'florence', '--data', folder, ...at]);
    expect(stdout).toMatch(/Z +florence +nurse/);
    expect(stdout).toMatch(/Z +somebody-else +nurse/);
    expect(record!.received[0]!.url).toBe('/audit/trail?agent=u');
    await writeFile(join(folder, 'identity', 'users.json'), 'no JSON');
    expect((await run(['audit', 'trail', 'p', '--data', folder, ...at])).stdout).toMatch(/Z +u +nurse/);
  });
});
