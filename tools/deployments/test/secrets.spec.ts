import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseClusterConfig } from '@anamnesis/cluster';
import { serviceClient, SERVICES } from '@anamnesis/identity';
import { composeFile, DEPLOY, exampleVariables } from '../src/index.ts';

const compose = composeFile(exampleVariables());
const ENGINES = ['eventstoredb', 'kafka', 'mongodb', 'keycloak', 'postgres', 'openbao'];

let folder: string;
let secrets: string;
const make = (): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, [join(DEPLOY, 'make-secrets.mjs'), folder]);
const textOf = (name: string): string => readFileSync(join(secrets, name), 'utf8');
const contents = (): Record<string, string> =>
  Object.fromEntries(readdirSync(secrets).map((name) => [name, readFileSync(join(secrets, name), 'base64')]));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  secrets = join(folder, 'secrets');
  await make();
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('make-secrets.mjs', () => {
  it('makes every file and folder that compose.yaml mounts', () => {
    const files = [
      ...Object.values(compose.secrets).map(({ file }) => file),
      ...Object.values(compose.services).flatMap(({ env_file = [] }) => env_file.map(({ path }) => path)),
    ];
    expect(files.filter((file) => !statSync(join(folder, file)).isFile())).toEqual([]);
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((each) => each.split(':')[0]!),
    );
    expect(mounted.filter((path) => !statSync(join(folder, path)).isDirectory())).toEqual([]);
  });

  it("makes them their owner's alone", () => {
    for (const path of ['secrets', 'data', 'data/mongodb'])
      expect(statSync(join(folder, path)).mode & 0o777).toBe(0o700);
    const open = readdirSync(secrets).filter((name) => (statSync(join(secrets, name)).mode & 0o777) !== 0o600);
    expect(open).toEqual([]);
  });

  it('overwrites nothing, and makes what is missing', async () => {
    const before = contents();
    expect((await make()).stdout).toMatch(/^0 made/);
    expect(contents()).toEqual(before);
    rmSync(join(secrets, 'kafka-password'));
    expect((await make()).stdout).toMatch(/^1 made/);
    const { 'kafka-password': again, ...others } = contents();
    const { 'kafka-password': first, ...othersBefore } = before;
    expect(again).not.toBe(first);
    expect(others).toEqual(othersBefore);
  }, 60_000);

  it('needs the key of the authority only to sign', async () => {
    const key = textOf('ca.key');
    rmSync(join(secrets, 'ca.key'));
    expect((await make()).stdout).toMatch(/^0 made/);
    for (const file of ['openbao.crt', 'openbao.key']) rmSync(join(secrets, file));
    await expect(make()).rejects.toThrow(/ca\.key is needed/);
    writeFileSync(join(secrets, 'ca.key'), key, { mode: 0o600 });
    expect((await make()).stdout).toMatch(/^2 made/);
  }, 60_000);

  it.each(ENGINES)('%s has a certificate of the authority for its name', (engine) => {
    const authority = new X509Certificate(textOf('ca.crt'));
    const certificate = new X509Certificate(textOf(`${engine}.crt`));
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkHost(engine)).toBe(engine);
    expect(certificate.checkHost('elsewhere')).toBeUndefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });

  it('gives every client of the realm the secret that its service is given', () => {
    const realm = JSON.parse(textOf('realm.json')) as { clients: { clientId: string; secret?: string }[] };
    for (const service of SERVICES) {
      const { secret } = realm.clients.find(({ clientId }) => clientId === serviceClient(service))!;
      expect(secret).toBe(textOf(`client-${service}`));
      expect(secret).toMatch(/^[\w-]{43}$/);
    }
    const held = realm.clients.map(({ secret }) => secret).filter((secret) => secret !== undefined);
    expect(new Set(held).size).toBe(held.length);
  });

  it('each service can be configured by what compose.yaml tells it', () => {
    for (const service of SERVICES) {
      const { environment = {} } = compose.services[service]!;
      const env = Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [
          name,
          value
            .replace('/run/secrets/client-secret', join(secrets, `client-${service}`))
            .replace(/^\/run\/secrets\//, `${secrets}/`),
        ]),
      );
      const parsed = parseClusterConfig(env, [
        'eventStore',
        'kafka',
        'mongodb',
        'keycloak',
        'issuer',
        'clientSecret',
        'transit',
        ...SERVICES.filter((name) => name !== 'gateway'),
      ]);
      expect(parsed).toMatchObject({ ok: true });
    }
  });
});
