import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLUSTER_SETTINGS, SECRETS } from '@anamnesis/cluster';
import { SERVICES } from '@anamnesis/identity';
import { DCLinter } from 'dclint';
import {
  composeFile,
  type ComposeService,
  composeText,
  DEPLOY,
  exampleVariables,
  interpolated,
  RUNTIME_VARIABLES,
  sourceOf,
  variablesIn,
  VENDOR_VARIABLES,
} from '../src/index.ts';

const compose = composeFile(exampleVariables());
const all = Object.entries(compose.services);
const isJob = ({ restart }: ComposeService): boolean => restart?.startsWith('on-failure') ?? false;
const isOurs = (name: string): boolean => (SERVICES as readonly string[]).includes(name) || name === 'prepare';
/** Its image holds one program, which cannot ask itself; nothing waits for it. */
const UNASKED = 'collector';

describe('compose.yaml holds to the Compose Specification', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'compose-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The order of reading is ours to choose: engines before services. */
  const ORDERS = ['service-keys-order', 'services-alphabetical-order', 'service-dependencies-alphabetical-order'];
  const unwanted = [...ORDERS, 'top-level-properties-order', 'service-ports-alphabetical-order', 'no-build-and-image'];
  const rules = Object.fromEntries(unwanted.map((rule) => [rule, 0 as const]));
  const faultsIn = (text: string): readonly string[] => {
    const path = join(folder, 'compose.yaml');
    writeFileSync(path, text);
    const [result] = new DCLinter({ rules, quiet: true, debug: false, exclude: [] }).lintFiles([path], false);
    return result!.messages.map(({ rule, message }: { rule: string; message: string }) => `${rule}: ${message}`);
  };

  it('its schema and its linter find no fault', () => expect(faultsIn(composeText())).toEqual([]));

  it('they find a fault where there is one', () => {
    expect(faultsIn(composeText().replace('read_only: true', 'read_only: [perhaps]')).join()).toMatch(/invalid-schema/);
    expect(faultsIn(composeText().replace('mongo:8.0.17', 'mongo:latest')).join()).toMatch(/explicit-tag/);
  });
});

describe('variables', () => {
  it('.env.example has those of compose.yaml, and those of make-secrets.mjs alone', () => {
    expect([...variablesIn(composeText())].toSorted()).toEqual(Object.keys(exampleVariables()).toSorted());
  });

  it('are replaced as the specification says', () => {
    const text = '${A} ${B:-b} ${C-c} ${D-d} $${A} $$x';
    expect(interpolated(text, { A: 'a', B: '', C: '' })).toBe('a b  d ${A} $x');
    expect(() => interpolated('${A:?say it}', { A: '' })).toThrow('A is not set');
    expect(() => interpolated('${A}', {})).toThrow('A is not set');
  });

  const settings = Object.values(CLUSTER_SETTINGS).map(({ variable }) => variable);
  const files = SECRETS.map((name) => `${CLUSTER_SETTINGS[name].variable}_FILE`);
  const ours = [...settings, ...files, ...RUNTIME_VARIABLES];

  it.each(all)('%s is given only variables that it knows', (name, { environment = {}, image }) => {
    const known = isOurs(name) ? ours : VENDOR_VARIABLES[image.split(':')[0]!]!.names;
    expect(Object.keys(environment).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it.each(all)('%s is told no secret in clear', (_name, { environment = {} }) => {
    const NAMES_ONLY = ['ANAMNESIS_TRANSIT_KEY'];
    const told = Object.entries(environment).filter(
      ([variable, value]) =>
        /PASSWORD|SECRET|TOKEN|_KEY(_|$)|CREDENTIAL/.test(variable) &&
        !(variable.endsWith('_FILE') && value.startsWith('/run/secrets/')) &&
        !NAMES_ONLY.includes(variable),
    );
    expect(told).toEqual([]);
    expect(Object.values(environment).filter((value) => /\/\/[^/@\s]*:[^/@\s]*@/.test(value))).toEqual([]);
  });
});

describe('confinement', () => {
  it.each(all)('%s runs without a privilege, on a root that cannot be written', (_name, service) => {
    expect(service).toMatchObject({ user: '1000:1000', read_only: true, cap_drop: ['ALL'] });
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.privileged ?? false).toBe(false);
    expect(service.cap_add ?? []).toEqual([]);
    expect((service.volumes ?? []).filter((volume) => !volume.startsWith('./data/'))).toEqual([]);
  });

  it.each(all)('%s has its limits', (_name, { deploy }) => {
    const { cpus, memory, pids } = deploy?.resources?.limits ?? {};
    expect(Number(cpus)).toBeGreaterThan(0);
    expect(memory).toMatch(/^\d+[MG]$/);
    expect(pids).toBeGreaterThan(0);
  });

  it.each(all.filter(([name, service]) => !isJob(service) && name !== UNASKED))(
    '%s is asked how it is',
    (_, service) => {
      expect(['CMD', 'CMD-SHELL']).toContain(service.healthcheck?.test[0]);
      expect(service.healthcheck?.disable ?? false).toBe(false);
    },
  );

  it.each(all)('%s comes from an image of one version', (_name, { image }) => {
    expect(image).toMatch(/^[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?$/);
  });

  it('no two write to the same folder', () => {
    const folders = all.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]!));
    expect(new Set(folders).size).toBe(folders.length);
  });
});

describe('networks', () => {
  it('only the gateway is published, on loopback unless told otherwise', () => {
    expect(all.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['gateway']);
    expect(compose.services['gateway']!.ports!.map(({ host_ip }) => host_ip)).toEqual(['127.0.0.1']);
  });

  it('everything else is on networks that lead nowhere', () => {
    const open = Object.keys(compose.networks).filter((name) => compose.networks[name]?.internal !== true);
    const there = all.filter(([, { networks }]) => networks?.some((network) => open.includes(network)) ?? true);
    expect(there.map(([name]) => name)).toEqual(['gateway']);
  });

  it("Keycloak's database is reached by Keycloak alone", () => {
    const [network, ...others] = compose.services['postgres']!.networks!;
    expect(others).toEqual([]);
    const there = all.filter(([, { networks }]) => networks!.includes(network!)).map(([name]) => name);
    expect(there.toSorted()).toEqual(['keycloak', 'postgres']);
  });
});

describe('order', () => {
  it.each(all)('%s waits for what there is, and for what will come', (_name, { depends_on = {} }) => {
    const wrong = Object.entries(depends_on).filter(([name, { condition }]) => {
      const other = compose.services[name];
      if (other === undefined) return true;
      return condition !== (isJob(other) ? 'service_completed_successfully' : 'service_healthy') || name === UNASKED;
    });
    expect(wrong).toEqual([]);
  });

  it('nothing waits for itself, however far around', () => {
    const started: string[] = [];
    for (let rest = all; rest.length > 0;) {
      const free = rest.filter(([, { depends_on = {} }]) =>
        Object.keys(depends_on).every((name) => started.includes(name)),
      );
      if (free.length === 0) throw new Error(`a circle: ${rest.map(([name]) => name).join(', ')}`);
      started.push(...free.map(([name]) => name));
      rest = rest.filter(([name]) => !started.includes(name));
    }
    expect(started.at(-1)).toBe('gateway');
  });

  it.each(SERVICES)('%s comes after the engines it cannot be without', (name) => {
    expect(Object.keys(compose.services[name]!.depends_on!)).toEqual(
      expect.arrayContaining(['prepare', 'eventstoredb', 'openbao', 'keycloak']),
    );
  });
});

describe('files', () => {
  const used = (kind: 'configs' | 'secrets'): readonly string[] =>
    [...new Set(all.flatMap(([, service]) => (service[kind] ?? []).map(sourceOf)))].toSorted();

  it.each(['configs', 'secrets'] as const)('the %s that are declared are those that are used', (kind) => {
    expect(used(kind)).toEqual(Object.keys(compose[kind]).toSorted());
  });

  it.each(Object.entries(compose.configs))('the file of %s is there', (_name, { file }) => {
    expect(existsSync(join(DEPLOY, file))).toBe(true);
  });
});
