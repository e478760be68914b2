import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { configurationPage, describeConfig, parseConfig, publicUrlOf } from '../src/index.ts';
import { SETTINGS } from '../src/settings.ts';

function configOf(env: Record<string, string>) {
  const parsed = parseConfig(env);
  if (!parsed.ok) throw new Error(parsed.faults.map(({ variable }) => variable).join());
  return parsed.config;
}

function faultsOf(env: Record<string, string>) {
  const parsed = parseConfig(env);
  return parsed.ok ? [] : parsed.faults;
}

describe('parseConfig', () => {
  it('has a default for everything that must be set', () => {
    expect(configOf({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataFolder: './data',
      bodyBytes: 64 * 1024 * 1024,
      nesting: 64,
      countDefault: 50,
      countMax: 1000,
      positionWait: 5_000,
      tokenTtl: 300_000,
      facilities: ['F1', 'F2'],
      demoUsers: true,
    });
    expect(configOf({}).erasures).toBeUndefined();
    expect(configOf({}).retentionClinicalYears).toBeUndefined();
  });

  it('reads durations as milliseconds and sizes as bytes', () => {
    const config = configOf({
      ANAMNESIS_POSITION_WAIT: '250ms',
      ANAMNESIS_TOKEN_TTL: '1h',
      ANAMNESIS_BODY_BYTES: '16KiB',
    });
    expect(config).toMatchObject({ positionWait: 250, tokenTtl: 3_600_000, bodyBytes: 16_384 });
  });

  it('counts an empty variable as unset', () => {
    expect(configOf({ PORT: '', ANAMNESIS_ERASURES: '' })).toMatchObject({ port: 8080 });
  });

  it('reports every fault at once, by name and never by value', () => {
    const env = {
      PORT: '99999',
      ANAMNESIS_NESTING: 'secret-nesting',
      ANAMNESIS_LOG_LEVEL: 'secret-level',
      PUBLIC_URL: 'ftp://secret',
    };
    const faults = faultsOf(env);
    expect(faults.map(({ variable }) => variable)).toEqual([
      'PORT',
      'PUBLIC_URL',
      'ANAMNESIS_NESTING',
      'ANAMNESIS_LOG_LEVEL',
    ]);
    expect(JSON.stringify(faults)).not.toMatch(/secret|99999/);
  });

  it('names an ANAMNESIS_ variable that it does not know', () => {
    expect(faultsOf({ ANAMNESIS_DTAA: 'x' })).toEqual([
      { variable: 'ANAMNESIS_DTAA', message: 'is no setting of Anamnesis' },
    ]);
    expect(faultsOf({ OTHER: 'x' })).toEqual([]);
  });

  it.each([
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', ' 80'],
    ['ANAMNESIS_COUNT_MAX', '1001'],
    ['ANAMNESIS_COUNT_MAX', '0'],
    ['ANAMNESIS_POSITION_WAIT', '5'],
    ['ANAMNESIS_POSITION_WAIT', '2h'],
    ['ANAMNESIS_BODY_BYTES', '64MB'],
    ['ANAMNESIS_FACILITIES', 'F1,,F2'],
    ['ANAMNESIS_FACILITIES', 'F1,F1'],
    ['ANAMNESIS_RETENTION_ACCESS_YEARS', '5'],
    ['ANAMNESIS_DATA', 'a\nb'],
    ['ANAMNESIS_DEMO_USERS', 'yes'],
    ['ANAMNESIS_TRUSTED_PROXIES', 'everyone'],
    ['PUBLIC_URL', 'https://user:pass@records.example'],
    ['PUBLIC_URL', 'https://records.example/?x=1'],
    ['PUBLIC_URL', 'https://records.example/base'],
  ])('refuses %s=%s', (variable, value) => {
    expect(faultsOf({ [variable]: value }).map((fault) => fault.variable)).toEqual([variable]);
  });

  it('refuses a default count above the greatest count', () => {
    const faults = faultsOf({ ANAMNESIS_COUNT_DEFAULT: '100', ANAMNESIS_COUNT_MAX: '10' });
    expect(faults.map(({ variable }) => variable)).toEqual(['ANAMNESIS_COUNT_DEFAULT']);
  });
});

describe('the public address', () => {
  it.each(['0.0.0.0', '::'])('must be named where HOST is %s', (host) => {
    expect(faultsOf({ HOST: host }).map(({ variable }) => variable)).toEqual(['PUBLIC_URL']);
    expect(faultsOf({ HOST: host, PUBLIC_URL: 'https://records.example' })).toEqual([]);
  });
});

describe('demo users', () => {
  it.each([
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://127.0.0.1:8080' }, false],
    [{ HOST: '192.0.2.1' }, false],
    [{ HOST: '127.0.0.2' }, true],
    [{ HOST: '::1' }, true],
    [{ HOST: 'localhost' }, true],
    [{ HOST: '127.evil.example' }, false],
    [{ PUBLIC_URL: 'https://records.example' }, false],
    [{ PUBLIC_URL: 'http://[::1]:9000' }, true],
    [{ ANAMNESIS_DEMO_USERS: 'off' }, false],
  ])('with %j are %s', (env: Record<string, string>, on) => {
    expect(configOf(env).demoUsers).toBe(on);
  });

  it.each([{ HOST: '192.0.2.1' }, { PUBLIC_URL: 'https://records.example' }])(
    'cannot be asked for with %j',
    (env: Record<string, string>) => {
      const faults = faultsOf({ ...env, ANAMNESIS_DEMO_USERS: 'on' });
      expect(faults.map(({ variable }) => variable)).toEqual(['ANAMNESIS_DEMO_USERS']);
    },
  );
});

describe('publicUrlOf', () => {
  it('is PUBLIC_URL, or the address listened on', () => {
    expect(publicUrlOf(configOf({ PUBLIC_URL: 'https://records.example/' }))).toBe('https://records.example');
    expect(publicUrlOf(configOf({ PORT: '0' }), 4711)).toBe('http://127.0.0.1:4711');
    expect(publicUrlOf(configOf({ HOST: '::1', PORT: '81' }))).toBe('http://[::1]:81');
  });
});

describe('the description of the settings', () => {
  it('names each variable in help and page', () => {
    for (const { variable } of Object.values(SETTINGS)) {
      expect(describeConfig()).toContain(`  ${variable}`);
      expect(configurationPage()).toContain(`### ${variable}\n`);
    }
  });

  it('is what docs/configuration.md says', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page).toBe(configurationPage());
  });
});
