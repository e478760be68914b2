import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync } from 'node:fs';
import { cp, mkdtemp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  newFolder,
  outside,
  patient,
  runToEnd,
  startServer,
  Team,
  type FhirClient,
  type Server,
} from '../src/index.ts';

/** sysexits.h */
const [UNAVAILABLE, CONFIG] = [69, 78];
const NOBODY = 65_534;
const root = process.getuid?.() === 0;
const own = outside ? describe.skip : describe;

own('a folder that cannot be used', () => {
  let used: string;
  let id: string;
  const folders: string[] = [];

  beforeAll(async () => {
    used = await newFolder();
    folders.push(used);
    const server = await startServer({ folder: used });
    const physician = await new Team(server).as('physician');
    id = (await physician.post('Patient', patient())).body.id;
    expect(await server.stop()).toBe(0);
  }, 90_000);

  afterAll(async () => {
    for (const folder of folders) {
      chmodSync(folder, 0o700);
      await rm(folder, { recursive: true, force: true });
    }
  });

  /** A copy of the folder that was used, to be spoiled. */
  async function copy(): Promise<string> {
    const folder = await newFolder();
    folders.push(folder);
    await cp(used, folder, { recursive: true });
    return folder;
  }

  async function refuses(folder: string, words: RegExp, uid?: number): Promise<void> {
    const { code, output } = await runToEnd({ folder, ...(uid !== undefined && { uid }) });
    expect([code, output]).toEqual([UNAVAILABLE, expect.stringMatching(words)]);
    expect(output).toContain('did not start');
    expect(output).not.toMatch(/\n\s+at /);
  }

  it('because its keys are gone', async () => {
    const folder = await copy();
    await rm(join(folder, 'keys'), { recursive: true });
    await refuses(folder, /keys/);
  }, 60_000);

  it('because the key file is gone', async () => {
    const folder = await copy();
    const kept = join(folder, 'kek.kept');
    await rename(join(folder, 'keys', 'kek.json'), kept);
    await refuses(folder, /key/);
    await rename(kept, join(folder, 'keys', 'kek.json'));
    const server = await startServer({ folder });
    const physician = await new Team(server).as('physician');
    expect((await physician.get(`Patient/${id}`)).status).toBe(200);
    await server.stop();
  }, 60_000);

  it('because the key file is another one', async () => {
    const [folder, other] = [await copy(), await newFolder()];
    folders.push(other);
    await (await startServer({ folder: other })).stop();
    await cp(join(other, 'keys', 'kek.json'), join(folder, 'keys', 'kek.json'));
    await refuses(folder, /key/);
  }, 60_000);

  it('because the key file is no key file', async () => {
    const folder = await copy();
    await writeFile(join(folder, 'keys', 'kek.json'), '{"versions":');
    await refuses(folder, /key/);
  }, 60_000);

  it('because the log is no log', async () => {
    const folder = await copy();
    await rm(join(folder, 'log.sqlite-wal'), { force: true });
    await writeFile(join(folder, 'log.sqlite'), 'this is no database, and never was one');
    await refuses(folder, /log|store|data/i);
  }, 60_000);

  it('because the log was cut', async () => {
    const folder = await copy();
    await rm(join(folder, 'log.sqlite-wal'), { force: true });
    await truncate(join(folder, 'log.sqlite'), 5_000);
    await refuses(folder, /log|store|data/i);
  }, 60_000);

  it('because another process holds it', async () => {
    const folder = await copy();
    const server = await startServer({ folder });
    await refuses(folder, /process|use/);
    const physician = await new Team(server).as('physician');
    expect((await physician.get(`Patient/${id}`)).status).toBe(200);
    await server.stop();
  }, 90_000);

  it('because it may not be written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-e2e-read-only-'));
    folders.push(folder);
    if (root) chownSync(folder, NOBODY, NOBODY);
    chmodSync(folder, 0o500);
    await refuses(folder, /writ|read-only|folder/, root ? NOBODY : undefined);
    expect(await readdir(folder)).toEqual([]);
  }, 60_000);

  it('because it is a file', async () => {
    const folder = await newFolder();
    folders.push(folder);
    await writeFile(join(folder, 'file'), '');
    await refuses(join(folder, 'file'), /folder|director/);
  }, 60_000);
});

own('a start that cannot be', () => {
  it('because the port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const { code, output } = await runToEnd({ port });
    holder.close();
    expect([code, output]).toEqual([UNAVAILABLE, expect.stringMatching(/HOST and PORT/)]);
  }, 60_000);

  it('because the settings are wrong: every one is named, no value is told', async () => {
    const env = {
      ANAMNESIS_BODY_BYTES: 'zebra',
      ANAMNESIS_NESTING: '-1',
      ANAMNESIS_LOG_LEVEL: 'okapi',
      ANAMNESIS_RETENTION_ACCESS_YEARS: '1',
    };
    const { code, output } = await runToEnd({ env });
    expect(code).toBe(CONFIG);
    for (const name of Object.keys(env)) expect(output).toContain(name);
    for (const value of ['zebra', 'okapi']) expect(output).not.toContain(value);
  }, 60_000);
});

const disk = outside ? undefined : smallDisk();

/** A file system of 40 MB of our own; undefined where mounting is not allowed. */
function smallDisk(): string | undefined {
  if (!root || process.platform !== 'linux') return undefined;
  const place = join(tmpdir(), `anamnesis-e2e-disk-${randomUUID()}`);
  try {
    execFileSync('mkdir', [place]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', place], { stdio: 'ignore' });
    return place;
  } catch {
    return undefined;
  }
}

describe('a full disk', () => {
  let server: Server | undefined;

  afterAll(async () => {
    await server?.stop({ keep: true });
    if (disk !== undefined) execFileSync('umount', ['-l', disk]);
    if (disk !== undefined) await rm(disk, { recursive: true, force: true });
  });

  (disk === undefined ? it.skip : it)(
    'answers 507 and stores nothing, stays up and readable, and goes on when there is room (needs the right to mount)',
    async () => {
      server = await startServer({ folder: join(disk!, 'data') });
      const team = new Team(server);
      const physician = await team.as('physician');
      const { id } = (await physician.post('Patient', patient())).body;
      const filler = join(disk!, 'filler');
      execFileSync('sh', ['-c', `head -c 100000000 /dev/zero > '${filler}' 2>/dev/null || true`]);
      const identifier = { system: 'urn:e2e', value: randomUUID() };
      const note = 'n'.repeat(200_000);
      const send = (client: FhirClient) =>
        client.post(
          'Patient',
          patient({
            identifier: [identifier],
            text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${note}</div>` },
          }),
        );
      let stored = 0;
      let full = await send(physician);
      for (; full.status === 201 && stored < 400; stored += 1) full = await send(physician);
      expect([full.status, full.body.resourceType]).toEqual([507, 'OperationOutcome']);
      expect((await send(physician)).status).toBe(507);
      expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
      expect((await physician.get(`Patient/${id}`)).status).toBe(200);
      await rm(filler);
      const counts = async () =>
        (await physician.search(`Patient?identifier=${identifier.system}|${identifier.value}&_summary=count`)).body
          .total;
      let after = await send(physician);
      for (let tries = 0; after.status !== 201 && tries < 50; tries += 1) after = await send(physician);
      expect(after.status).toBe(201);
      expect(await counts()).toBe(stored + 1);
    },
    90_000,
  );
});
