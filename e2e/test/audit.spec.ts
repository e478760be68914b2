import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  outside,
  patient,
  startServer,
  Team,
  valuesAt,
  type Bundle,
  type FhirClient,
  type Resource,
  type Server,
} from '../src/index.ts';

let server: Server;
let team: Team;
let officer: FhirClient;
let physician: FhirClient;

beforeAll(async () => {
  server = await startServer();
  team = new Team(server);
  officer = await team.as('compliance-officer');
  physician = await team.as('physician');
}, 90_000);

afterAll(() => server?.stop());

async function registered(): Promise<string> {
  return (await physician.post('Patient', patient())).body.id;
}

/** The AuditEvents of a patient, newest first. */
async function eventsOf(id: string, query = ''): Promise<Resource[]> {
  const { status, body } = await officer.search(`AuditEvent?patient=${id}&_count=200${query}`);
  expect(status).toBe(200);
  return (body.entry ?? [])
    .map(({ resource }) => resource!)
    .filter(({ resourceType }) => resourceType === 'AuditEvent');
}

const codes = (event: Resource): string[] => valuesAt(event, 'subtype.code').map(String);

interface TrailRow {
  readonly what: string;
  readonly role: string;
  readonly purpose: string;
  readonly outcome: string;
  readonly interaction?: string;
  readonly query?: string;
  readonly requestId: string;
}

async function trailOf(id: string): Promise<TrailRow[]> {
  const { status, text } = await (await team.api('compliance-officer')).get(`audit/trail?patient=${id}`);
  expect(status).toBe(200);
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TrailRow);
}

describe('what was seen', () => {
  it('is told as AuditEvents, one for each patient who was disclosed', async () => {
    const [one, two] = [await registered(), await registered()];
    await physician.get(`Patient/${one}`, { 'x-purpose-of-use': 'ETREAT' });
    await physician.search(`Patient?_id=${one},${two}`);
    const events = await eventsOf(one);
    const subtypes = events.flatMap(codes);
    expect(subtypes).toEqual(expect.arrayContaining(['create', 'read', 'search-type']));
    const read = events.find((event) => codes(event).includes('read'))!;
    expect(read).toMatchObject({ action: 'R', outcome: '0', type: { code: 'rest' } });
    expect(JSON.stringify(read)).toContain('ETREAT');
    expect(JSON.stringify(read)).toContain(`Patient/${one}`);
    for (const event of events) expect(JSON.stringify(event)).not.toContain(`Patient/${two}`);
    expect((await eventsOf(two)).flatMap(codes)).toContain('search-type');
  });

  it('is there before the answer was', async () => {
    const id = await registered();
    for (let round = 1; round <= 5; round += 1) {
      await physician.get(`Patient/${id}`);
      const reads = (await trailOf(id)).filter(({ interaction }) => interaction === 'read');
      expect(reads).toHaveLength(round);
    }
  });

  it('names who, in what role, for what purpose, and by which request', async () => {
    const id = await registered();
    const { headers } = await physician.get(`Patient/${id}/_history`, { 'x-purpose-of-use': 'COC' });
    const row = (await trailOf(id)).find(({ interaction }) => interaction?.startsWith('history'))!;
    expect(row).toMatchObject({ role: 'physician', purpose: 'COC', requestId: headers.get('x-request-id') });
  });

  it('includes every way to see: vread, history, everything, difference, counts, conditions, inclusions, pages', async () => {
    const id = await registered();
    await physician.post('Observation', {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${id}` },
    });
    const ways: readonly (() => Promise<{ status: number }>)[] = [
      () => physician.get(`Patient/${id}/_history/1`),
      () => physician.get(`Patient/${id}/_history`),
      () => physician.get(`Patient/${id}/$everything`),
      () => physician.get(`Patient/${id}/$diff?from=2020`),
      () => physician.get(`Patient?_id=${id}`),
      () => physician.get(`Observation?patient=${id}&_include=Observation:patient`),
      () => physician.put(`Patient?_id=${id}`, patient()),
      () => physician.send('HEAD', `Patient/${id}`),
      () => physician.get(`Patient/${id}`, { 'if-none-match': 'W/"2"' }),
      () =>
        physician.bundle({
          resourceType: 'Bundle',
          type: 'batch',
          entry: [{ request: { method: 'GET', url: `Patient/${id}` } }],
        }),
    ];
    for (const [index, way] of ways.entries()) {
      const before = (await trailOf(id)).length;
      const { status } = await way();
      expect([index, status < 400]).toEqual([index, true]);
      expect([index, (await trailOf(id)).length > before]).toEqual([index, true]);
    }
  });

  it('includes denials, and searches that found nobody', async () => {
    const nurse = await team.as('nurse', { 'x-facility': 'F2' });
    const id = (await nurse.post('Patient', patient())).body.id;
    expect((await (await team.as('registrar')).get(`Patient/${id}`)).status).toBe(403);
    const denied = (await trailOf(id)).find(({ role }) => role === 'registrar')!;
    expect(denied.outcome).not.toBe('0');
    const total = async () => (await officer.search('AuditEvent?_summary=count&subtype=search-type')).body.total!;
    const before = await total();
    await physician.search('Patient?family=NobodyHasThisName');
    expect(await total()).toBeGreaterThan(before);
  });

  it('can be searched, and is nobody’s to write', async () => {
    const id = await registered();
    await physician.get(`Patient/${id}`);
    const searches = [
      'action=R',
      'outcome=0',
      'subtype=read',
      'type=rest',
      `date=ge${new Date(Date.now() - 60_000).toISOString()}`,
    ];
    for (const query of searches) {
      expect([query, (await eventsOf(id, `&${query}`)).length > 0]).toEqual([query, true]);
    }
    expect(await eventsOf(id, '&date=lt2020')).toEqual([]);
    const [event] = await eventsOf(id);
    expect((await officer.get(`AuditEvent/${event!.id}`)).body).toMatchObject({
      resourceType: 'AuditEvent',
      id: event!.id,
    });
    expect((await officer.get('AuditEvent/unknown')).status).toBe(404);
    expect((await officer.get('AuditEvent?nonsense=1', { prefer: 'handling=strict' })).status).toBe(400);
    for (const role of ['physician', 'registrar', 'operator', 'integration']) {
      expect([role, (await (await team.as(role)).get('AuditEvent?_count=1')).status]).toEqual([role, 403]);
    }
    for (const send of [
      officer.post('AuditEvent', event!),
      officer.put(`AuditEvent/${event!.id}`, event!),
      officer.delete(`AuditEvent/${event!.id}`),
    ]) {
      expect([403, 405]).toContain((await send).status);
    }
  });

  it('is paged without doubles', async () => {
    const id = await registered();
    for (let round = 0; round < 7; round += 1) await physician.get(`Patient/${id}`);
    const ids: string[] = [];
    let next: string | undefined = `AuditEvent?patient=${id}&_count=3`;
    for (let page = 0; next !== undefined && page < 20; page += 1) {
      const { body }: { body: Bundle } = await officer.search(next);
      ids.push(...(body.entry ?? []).map(({ resource }) => resource!.id));
      next = body.link?.find(({ relation }) => relation === 'next')?.url;
    }
    expect(ids.length).toBeGreaterThanOrEqual(8);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the tree', () => {
  interface Head {
    readonly origin: string;
    readonly size: number;
    readonly root: Buffer;
    readonly note: string;
  }

  async function checkpoint(): Promise<Head> {
    const answer = await (await team.api('operator')).get('audit/checkpoint');
    expect(answer.status).toBe(200);
    const [origin = '', size, root = ''] = answer.text.split('\n');
    return { origin, size: Number(size), root: Buffer.from(root, 'base64'), note: answer.text };
  }

  const hash = (...parts: readonly Uint8Array[]): Buffer => {
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  const node = (left: Buffer, right: Buffer): Buffer => hash(Buffer.of(1), left, right);

  /** RFC 9162 section 2.1.4.2. */
  function consistent(from: number, to: number, first: Buffer, second: Buffer, proof: readonly Buffer[]): boolean {
    if (from === to) return proof.length === 0 && first.equals(second);
    const path = [...proof];
    if (Number.isInteger(Math.log2(from))) path.unshift(first);
    let [fn, sn] = [from - 1, to - 1];
    while (fn % 2 === 1) [fn, sn] = [(fn - 1) / 2, Math.floor(sn / 2)];
    let fr = path.shift()!;
    let sr = fr;
    for (const c of path) {
      if (sn === 0) return false;
      if (fn % 2 === 1 || fn === sn) {
        fr = node(c, fr);
        sr = node(c, sr);
        while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
      } else sr = node(sr, c);
      [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    }
    return sn === 0 && fr.equals(first) && sr.equals(second);
  }

  it('grows, and proves that nothing before was altered', async () => {
    const first = await checkpoint();
    const id = await registered();
    await physician.get(`Patient/${id}`);
    const second = await checkpoint();
    expect(second.size).toBeGreaterThan(first.size + 1);
    const api = await team.api('operator');
    const { status, text } = await api.get(`audit/proof/consistency?from=${first.size}&to=${second.size}`);
    expect(status).toBe(200);
    const { proof } = JSON.parse(text) as { proof: string[] };
    const hashes = proof.map((each) => Buffer.from(each, 'base64'));
    expect(consistent(first.size, second.size, first.root, second.root, hashes)).toBe(true);
    const lie = Buffer.from(first.root);
    lie[0]! ^= 1;
    expect(consistent(first.size, second.size, lie, second.root, hashes)).toBe(false);
  });

  (outside ? it.skip : it)('is signed with the key of the folder', async () => {
    const { note, origin } = await checkpoint();
    const [name = '', id = '', key = ''] = (await readFile(join(server.folder, 'audit', 'public-key'), 'utf8'))
      .trim()
      .split('+');
    expect(name).toBe(origin);
    const bytes = Buffer.from(
      (await readFile(join(server.folder, 'audit', 'public-key'), 'utf8')).trim().slice(name.length + id.length + 2),
      'base64',
    );
    expect(key.length).toBeGreaterThan(0);
    const end = note.indexOf('\n\n');
    const signature = Buffer.from(
      note
        .slice(end + 2)
        .trim()
        .split(' ')[2]!,
      'base64',
    );
    expect(signature.subarray(0, 4).toString('hex')).toBe(id);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(note.slice(0, end + 1)), publicKey, signature.subarray(4))).toBe(true);
  });

  it('refuses what it has not, and those who may not ask', async () => {
    const api = await team.api('operator');
    const { size } = await checkpoint();
    for (const path of [
      `inclusion?leaf=${size}&size=${size}`,
      `inclusion?leaf=-1&size=1`,
      'inclusion',
      `consistency?from=2&to=1`,
      `consistency?from=1&to=99999999`,
      'consistency?from=x&to=y',
    ]) {
      expect([path, (await api.get(`audit/proof/${path}`)).status]).toEqual([path, 400]);
    }
    const nurse = await team.api('nurse');
    for (const path of ['audit/checkpoint', 'audit/trail?patient=x', 'audit/proof/inclusion?leaf=0&size=1']) {
      expect([path, (await nurse.get(path)).status]).toEqual([path, 403]);
    }
  });

  it('has the sign-ins in it, and their failures', async () => {
    const { body } = await officer.search('AuditEvent?subtype=110122&_count=5');
    expect((body.entry ?? []).length).toBeGreaterThan(0);
  });
});
