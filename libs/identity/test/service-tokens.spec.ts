import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ServiceTokens } from '../src/keycloak/service-tokens.ts';
import { KeycloakEndpoint } from './keycloak-endpoint.ts';

let keycloak: KeycloakEndpoint;
let tokens: ServiceTokens;
let clock: number;
let life: number;

beforeEach(async () => {
  clock = 1_000_000;
  life = 900;
  keycloak = new KeycloakEndpoint();
  await keycloak.start();
  keycloak.answers.set('token', (form, request) => {
    const right = atob((request.headers.authorization ?? '').slice(6)) === 'anamnesis-orders:a%25+b';
    if (!right || form.get('grant_type') !== 'client_credentials') return { status: 401, body: { error: 'no' } };
    return { body: { access_token: `t${keycloak.count('token')}`, expires_in: life } };
  });
  tokens = tokensWith('a% b');
});

afterEach(async () => {
  tokens.close();
  await keycloak.stop();
});

function tokensWith(clientSecret: string): ServiceTokens {
  return new ServiceTokens({
    ...{ keycloakUrl: keycloak.url, clientId: 'anamnesis-orders', clientSecret },
    now: () => clock,
  });
}

describe('a service’s token', () => {
  it('is asked for once by however many', async () => {
    const got = await Promise.all(Array.from({ length: 20 }, () => tokens.token()));
    expect([new Set(got), keycloak.count('token')]).toEqual([new Set(['t1']), 1]);
    expect(tokens.token()).toBe('t1');
  });

  it('lasts while Keycloak is away, and no longer', async () => {
    await tokens.token();
    keycloak.away = true;
    clock += 894_000;
    expect(tokens.token()).toBe('t1');
    clock += 1_001;
    await expect(tokens.token()).rejects.toMatchObject({ code: 'identity-unavailable', retryable: true });
    keycloak.away = false;
    expect(await tokens.token()).toBe('t3');
  });

  it('is renewed at half its life, whether anybody asks or not', async () => {
    life = 0.2;
    await tokens.token();
    await until(() => keycloak.count('token') >= 3);
  });

  it('is renewed once Keycloak is back', async () => {
    life = 0.2;
    await tokens.token();
    keycloak.away = true;
    await until(() => keycloak.count('token') >= 2);
    keycloak.away = false;
    life = 900;
    await until(() => keycloak.count('token') >= 3);
    // Asked, and perhaps not answered yet.
    const token = await tokens.token();
    expect(token).toBe(`t${keycloak.count('token')}`);
  });

  it('is none for a wrong secret, and that is no fault that passes', async () => {
    const wrong = tokensWith('wrong');
    await expect(wrong.token()).rejects.toMatchObject({ code: 'identity-unavailable', retryable: false });
    wrong.close();
  });

  it('is none where the answer is none', async () => {
    keycloak.answers.set('token', () => ({ body: { access_token: '', expires_in: 'soon' } }));
    await expect(tokens.token()).rejects.toMatchObject({ code: 'identity-unavailable' });
    keycloak.answers.set('token', () => ({ body: '<html>' }));
    await expect(tokens.token()).rejects.toMatchObject({ code: 'identity-unavailable', retryable: true });
  });

  it('is not renewed after the end', async () => {
    life = 0.1;
    await tokens.token();
    tokens.close();
    const asked = keycloak.count('token');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(keycloak.count('token')).toBe(asked);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries === 300) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
