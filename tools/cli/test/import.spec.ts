import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { standInRecord, stored, type Received, type Reply } from './stand-in-record.ts';
import { run, type Ran } from './terminal.ts';

const bundle = (type: string, ...resources: object[]): object => ({
  resourceType: 'Bundle',
  type,
  entry: resources.map((resource) => ({ resource, request: { method: 'POST', url: 'Patient' } })),
});
const patient = (more: object = {}): object => ({ resourceType: 'Patient', ...more });
const text = (value: unknown): string => JSON.stringify(value);

let folder: string;
let record: Awaited<ReturnType<typeof standInRecord>> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-import-'));
});
afterEach(async () => {
  await record?.close();
  record = undefined;
  await rm(folder, { recursive: true });
});

async function files(contents: Record<string, string | Buffer>): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

async function imported(reply: Reply = stored, ...args: string[]): Promise<Ran & { posts: Received[] }> {
  record = await standInRecord(reply);
  const ran = await run(['import', folder, '--server', record.url, '--token', 't', ...args]);
  return { ...ran, posts: record.received.filter(({ method }) => method === 'POST') };
}

const refuse = (response: ServerResponse, status: number, diagnostics: string): void => {
  response.statusCode = status;
  response.end(
    text({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', diagnostics }] }),
  );
};

describe('import', () => {
  it('sends hospitals and practitioners whole before anything else', async () => {
    await files({
      'a.json': text(bundle('transaction', patient())),
      'deep/practitionerInformation1.json': text(bundle('transaction', patient({ active: true }))),
      'z_hospital.json.gz': gzipSync(text(bundle('transaction', patient({ active: false })))),
      'notes.txt': 'not for import',
    });
    let under = 0;
    const order: string[] = [];
    const { code } = await imported((request, response) => {
      if (request.method === 'GET') return stored(request, response);
      order.push(request.body.includes('active') ? 'foundation' : `rest beside ${under}`);
      under += 1;
      setTimeout(() => {
        under -= 1;
        stored(request, response);
      }, 30);
    });
    expect(code).toBe(0);
    expect(order).toEqual(['foundation', 'foundation', 'rest beside 0']);
  });

  it('sends transactions and batches byte for byte, numbers in their written form', async () => {
    const written =
      '{ "resourceType": "Bundle", "type": "transaction",\n "entry": [{"resource": {"x": 1.00, "y": 1e3}}] }';
    await files({ 'a.json': written });
    const { posts } = await imported();
    expect(posts[0]).toMatchObject({ url: '/fhir', body: written });
    expect(posts[0]!.headers).toMatchObject({ authorization: 'Bearer t', prefer: 'return=minimal' });
  });

  it('sends the same content under the same key in every run, compressed or not, and other content under another', async () => {
    const one = text(bundle('transaction', patient()));
    await files({ 'a.json': one });
    const [first] = (await imported()).posts;
    await record!.close();
    await rm(join(folder, 'a.json'));
    await files({
      'other-name.json.gz': gzipSync(one),
      'b.json': text(bundle('transaction', patient({ active: true }))),
    });
    const keys = (await imported(stored, '--parallel', '1')).posts.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[1]).toBe(first!.headers['idempotency-key']);
    expect(keys[0]).not.toBe(keys[1]);
    expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('turns collections into transactions: updates by id, creates for what only a urn names', async () => {
    await files({
      'a.json': text({
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          { fullUrl: 'http://x/Patient/p1', resource: patient({ id: 'p1' }) },
          { fullUrl: 'urn:uuid:1', resource: patient({ id: 'p2' }) },
        ],
      }).replace('"p1"}', '"p1","x":1.00}'),
    });
    const { posts } = await imported();
    expect(JSON.parse(posts[0]!.body)).toMatchObject({
      type: 'transaction',
      entry: [
        { request: { method: 'PUT', url: 'Patient/p1' } },
        { fullUrl: 'urn:uuid:1', request: { method: 'POST', url: 'Patient' } },
      ],
    });
    expect(posts[0]!.body).toContain('"x":1.00');
  });

  it('groups NDJSON into batches of updates that keep each line as written', async () => {
    const lines = Array.from(
      { length: 250 },
      (_, number) => `{"resourceType":"Patient","id":"p${number}","n":${number}.0}`,
    );
    await files({ 'people.ndjson': `\n${lines.join('\r\n')}\n\n` });
    const { code, posts, stdout } = await imported(stored, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ resources: 250, files: 1, problemCount: 0, position: 7 });
    const entries = posts.flatMap(({ body }) => (JSON.parse(body) as { entry: { request: unknown }[] }).entry);
    expect(posts.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { type: 'batch' },
      { type: 'batch' },
      { type: 'batch' },
    ]);
    expect(entries.map(({ request }) => request)).toContainEqual({ method: 'PUT', url: 'Patient/p249' });
    expect(entries).toHaveLength(250);
    expect(posts.some(({ body }) => body.includes(lines[7]!))).toBe(true);
  });

  it('names a resource without an id by its content, and a line that stands twice as two', async () => {
    await files({ 'people.ndjson': `${text(patient())}\n${text(patient())}\n${text(patient({ active: true }))}\n` });
    const ids = async (): Promise<string[]> => {
      const { posts } = await imported();
      await record!.close();
      return (JSON.parse(posts[0]!.body) as { entry: { resource: { id: string } }[] }).entry.map(
        ({ resource }) => resource.id,
      );
    };
    const first = await ids();
    expect(new Set(first).size).toBe(3);
    expect(await ids()).toEqual(first);
  });

  it('reports bad files and lines with their reasons, sends the rest, and ends with 1', async () => {
    await files({
      'broken.json': '{"resourceType": "Bundle", ',
      'empty.json': '',
      'history.json': text({ resourceType: 'Bundle', type: 'history' }),
      'half.json.gz': gzipSync(text(bundle('transaction', patient()))).subarray(0, 40),
      'latin1.json': Buffer.from('{"resourceType":"Patient","name":"\xe9"}', 'latin1'),
      'some.ndjson': `${text(patient({ id: 'a' }))}\nnonsense\n{"no":"type"}\n${text(patient({ id: 'b' }))}\n`,
      'good.json': text(bundle('transaction', patient())),
    });
    const { code, stdout, stderr } = await imported(stored, '--json');
    expect(code).toBe(1);
    const told = JSON.parse(stdout) as {
      resources: number;
      problems: { file: string; line?: number; reason: string }[];
    };
    expect(told.resources).toBe(3);
    const reasons = told.problems
      .map(({ file, line, reason }) => `${file.slice(folder.length + 1)} ${line ?? ''} ${reason}`)
      .sort();
    expect(reasons).toEqual([
      'broken.json  is no JSON',
      'empty.json  is empty',
      'half.json.gz  is no whole gzip file',
      expect.stringContaining('history.json'),
      'latin1.json  is no UTF-8 text',
      'some.ndjson 2 is no JSON',
      'some.ndjson 3 is no FHIR resource: it has no resourceType',
    ]);
    expect(stderr).toBe(''); // the result names them, once
  });

  it("reports what the record refuses, by the record's reason, down to the line", async () => {
    await files({
      'a.json': text(bundle('transaction', patient())),
      'b.ndjson': `${text(patient({ id: 'a' }))}\n\n${text(patient({ id: 'b' }))}\n`,
    });
    const { code, stdout, stderr } = await imported((request, response) => {
      if (request.method === 'GET') return stored(request, response);
      if (request.body.includes('transaction')) return refuse(response, 422, 'birthDate is no date');
      const outcome = {
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', details: { text: 'unknown field' }, expression: ['Patient.x'] }],
      };
      const entry = [{ response: { status: '201' } }, { response: { status: '400 Bad Request', outcome } }];
      response.end(text({ resourceType: 'Bundle', type: 'batch-response', entry }));
    });
    expect(code).toBe(1);
    expect(stdout).toContain('a.json');
    expect(stdout).toContain('422: birthDate is no date');
    expect(stdout).toMatch(/b\.ndjson, line 3 +400: unknown field \(Patient\.x\)/);
    expect(stdout).toContain('1 resource of 2 files is stored');
    expect(stdout).toContain('searches caught up');
    expect(stderr).toBe('');
  });

  it('says that nothing is stored when nothing is, and of no searches then', async () => {
    await files({ 'a.json': text(bundle('transaction', patient())) });
    const { code, stdout } = await imported((_, response) => refuse(response, 422, 'birthDate is no date'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Nothing of 1 file is stored\n\n1 not stored:\n/);
    expect(stdout).not.toContain('caught up');
    expect(record!.received.map(({ method }) => method)).toEqual(['POST']);
  });

  it('does not claim that what is sent again is new', async () => {
    await files({ 'a.json': text(bundle('transaction', patient())) });
    expect((await imported()).stdout).toMatch(
      /^1 resource of 1 file is stored \(.+\); what was sent before changed nothing\n/,
    );
  });

  it('names what was bad until then when it has to stop', async () => {
    await files({ 'a.json': 'nonsense', 'b.json': text(bundle('transaction', patient())) });
    const { code, stdout, stderr } = await imported((_, response) => refuse(response, 503, 'full'), '--patience', '0');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/a\.json: is no JSON\n.*run the same import again/);
  });

  it('tries again when the record is overloaded or the connection is lost, under the same key', async () => {
    await files({ 'a.json': text(bundle('transaction', patient())) });
    const { code, posts, stdout } = await imported((request, response, number) => {
      if (number === 1) return refuse(response, 503, 'overloaded');
      if (number === 2) return void response.socket!.destroy();
      return stored(request, response);
    }, '--json');
    expect(code).toBe(0);
    expect(posts).toHaveLength(3);
    expect(new Set(posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ resources: 1, retries: 2 });
  });

  it('gives up with 3 when its patience is at an end', async () => {
    await files({ 'a.json': text(bundle('transaction', patient())) });
    const overloaded = await imported((_, response) => refuse(response, 503, 'overloaded'), '--patience', '0');
    expect(overloaded).toMatchObject({ code: 3, stdout: '' });
    expect(overloaded.stderr).toContain('run the same import again');
    await record!.close();
    const lost = await imported((_, response) => void response.socket!.destroy(), '--patience', '0');
    expect(lost.code).toBe(3);
  });

  it('stops at once with 1 when the caller may not import', async () => {
    await files({
      'a.json': text(bundle('transaction', patient())),
      'b.json': text(bundle('transaction', patient({ id: 'b' }))),
    });
    const { code, posts, stderr } = await imported(
      (_, response) => refuse(response, 403, 'not for nurses'),
      '--parallel',
      '1',
    );
    expect(code).toBe(1);
    expect(posts).toHaveLength(1);
    expect(stderr).toContain('not for nurses');
  });

  it('waits until searches show what was stored', async () => {
    await files({ 'a.json': text(bundle('transaction', patient())) });
    let asked = 0;
    const { code } = await imported((request, response) => {
      if (request.method === 'GET' && (asked += 1) < 3) return refuse(response, 504, 'behind');
      return stored(request, response);
    });
    expect(code).toBe(0);
    expect(asked).toBe(3);
    expect(record!.received.at(-1)!.headers['x-anamnesis-min-position']).toBe('7');
  });

  it('reads the standard input', async () => {
    record = await standInRecord(stored);
    const stdin = gzipSync(`${text(patient({ id: 'a' }))}\n`);
    const { code, stdout } = await run(['import', '-', '--server', record.url, '--token', 't', '--json'], { stdin });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ resources: 1 });
  });

  it('refuses what swells like a bomb', async () => {
    await files({ 'bomb.ndjson.gz': gzipSync(Buffer.alloc(80 * 1024 * 1024, 10)) });
    const { code, stdout } = await imported();
    expect(code).toBe(1);
    expect(stdout).toContain('swells to more than 200 times its size');
  });

  it('ends with 2 before anything is sent when a path does not exist or holds nothing', async () => {
    record = await standInRecord(stored);
    const at = ['--server', record.url, '--token', 't'];
    expect(await run(['import', folder, join(folder, 'absent'), ...at])).toMatchObject({ code: 2 });
    expect(await run(['import', folder, ...at])).toMatchObject({ code: 2 });
    expect(record.received).toEqual([]);
  });
});
