import { describe, expect, it } from '@jest/globals';
import { adminOf, asked, ENGINES } from '../src/command-line.ts';

const wrongOf = (args: readonly string[], env = {}): string => {
  const wanted = asked(args, env);
  return wanted.kind === 'wrong' ? wanted.message : `not wrong, but ${wanted.kind}`;
};

describe('the arguments of npm run stack', () => {
  it('without any: one process of each service, every engine started', () => {
    expect(asked([])).toEqual({
      kind: 'stack',
      json: false,
      options: { instances: 1, brokers: 1, restart: false, replaceRealm: false },
    });
  });

  it('all of them', () => {
    const args = ['--instances', '2', '--restart', '--folder', 'here', '--demo-passwords', 'p.json', '--json'];
    const given = ['--event-store', 'esdb://a:2113?tls=false', '--kafka', 'a:1,b:2', '--mongodb', 'mongodb://m/'];
    const more = ['--keycloak', 'http://k:8080', '--replace-realm', '--transit', 'http://t:8200', '--brokers', '3'];
    const env = { ANAMNESIS_KEYCLOAK_ADMIN: 'root:a:b', ANAMNESIS_TRANSIT_TOKEN: 't' };
    expect(asked([...args, ...given, ...more], env)).toEqual({
      kind: 'stack',
      json: true,
      options: {
        instances: 2,
        brokers: 3,
        restart: true,
        folder: 'here',
        passwordsFile: 'p.json',
        eventStore: 'esdb://a:2113?tls=false',
        kafka: ['a:1', 'b:2'],
        mongodb: 'mongodb://m/',
        keycloak: { url: 'http://k:8080', admin: { user: 'root', password: 'a:b' } },
        replaceRealm: true,
        transit: { url: 'http://t:8200', token: 't' },
      },
    });
  });

  it('the engines alone: all, or those that are named', () => {
    expect(asked(['--engines-only'])).toEqual({ kind: 'engines', only: ENGINES, brokers: 1 });
    expect(asked(['--engines-only', '--only', 'mongodb,kafka', '--env-out', 'f'])).toEqual({
      kind: 'engines',
      only: ['kafka', 'mongodb'],
      brokers: 1,
      envOut: 'f',
    });
  });

  it.each([
    [['--brokers', '2'], '--brokers must be 1 or 3'],
    [['--instances', '0'], '--instances must be from 1 to 8'],
    [['--instances', '9'], '--instances must be from 1 to 8'],
    [['--engines-only', '--only', 'kafka,rabbit'], '--only takes a list of kafka, mongodb, keycloak, openbao'],
    [['--only', 'kafka'], '--only and --env-out go with --engines-only'],
    [['--event-store', 'http://a'], '--event-store must be an esdb:// address'],
    [['--kafka', 'a:1,b'], '--kafka must be host:port pairs, separated by commas'],
    [['--mongodb', 'a'], '--mongodb must be a mongodb:// address'],
    [['--keycloak', 'http://a/auth'], '--keycloak must be an http or https address without a path'],
    [['--keycloak', 'http://a'], '--keycloak needs ANAMNESIS_KEYCLOAK_ADMIN=user:password'],
    [['--transit', 'http://a'], '--transit needs ANAMNESIS_TRANSIT_TOKEN'],
  ])('%j is refused', (args, message) => {
    expect(wrongOf(args)).toBe(message);
  });

  it('what is no argument is refused', () => {
    expect(wrongOf(['--nonsense'])).toContain('--nonsense');
  });

  it('help wins', () => {
    expect(asked(['--help', '--brokers', '7'])).toEqual({ kind: 'help' });
  });
});

describe('an administrator', () => {
  it.each(['', 'user', ':password', 'user:'])('%j names none', (text) => {
    expect(adminOf(text)).toBeUndefined();
  });
});
