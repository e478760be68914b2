import { describe, expect, it } from '@jest/globals';
import { ACTIONS, can, DEFAULT_PURPOSE, type Interaction, RESOURCE_GROUPS, ROLES, SERVICES } from '../src/index.ts';
import { CLIENTS } from '../src/realm-names.ts';
import { CONFIDENTIAL_CLIENTS, realmWith, SIGN_INS_CLIENT } from '../src/keycloak/index.ts';
import type { RoleDocument } from '../src/keycloak/realm-roles.ts';
import { realmFile } from '../src/keycloak/realm-file.ts';

const hostname = 'https://record.example';
const realm = realmWith({ hostname });
const clientNamed = (id: string) => realm.clients.find(({ clientId }) => clientId === id)!;
const roles = (realm['roles'] as { realm: readonly RoleDocument[] }).realm;
const roleNamed = (name: string): RoleDocument => roles.find((role) => role.name === name)!;

describe('the roles of the realm', () => {
  it('are those of the matrix, and the one of services', () => {
    expect(roles.map(({ name }) => name)).toEqual([...ROLES, 'service']);
  });

  it.each(ROLES)('tell what a %s may', (role) => {
    const { attributes } = roleNamed(role);
    const first = (group: keyof typeof RESOURCE_GROUPS): string => RESOURCE_GROUPS[group][0]!;
    const kinds = { reads: 'read', creates: 'create', changes: 'update', deletes: 'delete' } as const;
    for (const [attribute, interaction] of Object.entries(kinds) as [string, Interaction][]) {
      const may = (Object.keys(RESOURCE_GROUPS) as (keyof typeof RESOURCE_GROUPS)[]).filter(
        (group) => can({ role, purpose: DEFAULT_PURPOSE[role] }, { interaction, type: first(group) }).allowed,
      );
      expect([attribute, [...attributes[attribute]!].sort()]).toEqual([attribute, may.sort()]);
    }
    expect(attributes['actions']).not.toContain('internal.decide');
  });

  it('leave internal actions to services', () => {
    const internal = Object.keys(ACTIONS).filter((action) => action.startsWith('internal.'));
    expect(roleNamed('service').attributes['actions']).toEqual(internal);
  });

  it('fit into what Keycloak keeps', () => {
    for (const { description, attributes } of roles) {
      for (const text of [description, ...Object.values(attributes).flat()]) expect(text.length).toBeLessThan(256);
    }
  });
});

describe('the clients of the realm', () => {
  it('are the embedded issuer’s, one a service, and the audit’s reader', () => {
    const services = SERVICES.map((service) => `anamnesis-${service}`);
    expect(realm.clients.map(({ clientId }) => clientId).sort()).toEqual(
      [...Object.values(CLIENTS), ...services, SIGN_INS_CLIENT].sort(),
    );
  });

  it('let no token carry more roles than its client is for', () => {
    for (const client of realm.clients) expect(client).toMatchObject({ fullScopeAllowed: false });
    const mappings = realm['scopeMappings'] as { client?: string; roles: string[] }[];
    for (const { client, roles: held } of mappings.filter(({ client: id }) => id !== undefined)) {
      const isService = SERVICES.some((service) => client === `anamnesis-${service}`);
      expect([client, held]).toEqual([client, isService ? ['service'] : ROLES]);
    }
  });

  it('take codes with a challenge alone, and no passwords', () => {
    expect(clientNamed('anamnesis-web')).toMatchObject({
      publicClient: true,
      attributes: { 'pkce.code.challenge.method': 'S256' },
      redirectUris: [`${hostname}/signed-in`],
    });
    for (const client of realm.clients) {
      expect(client).toMatchObject({ implicitFlowEnabled: false, directAccessGrantsEnabled: false });
      expect([client.clientId, client['standardFlowEnabled']]).toEqual([
        client.clientId,
        client.clientId === 'anamnesis-web',
      ]);
    }
  });

  it('have the secrets and addresses of an installation', () => {
    const secrets = Object.fromEntries(CONFIDENTIAL_CLIENTS.map((id) => [id, `of ${id}`]));
    const redirectUris = ['https://record.example/*'];
    const { clients } = realmWith({ hostname, clientSecrets: secrets, redirectUris });
    for (const { clientId, publicClient, secret } of clients) {
      expect([clientId, secret]).toEqual([clientId, publicClient ? undefined : `of ${clientId}`]);
    }
    expect(clients[0]!.redirectUris).toEqual(redirectUris);
  });

  it('are not given secrets by a mistyped name', () => {
    expect(() => realmWith({ hostname, clientSecrets: { 'anamnesis-gatway': 'x' } })).toThrow('anamnesis-gatway');
    expect(() => realmWith({ hostname, clientSecrets: { 'anamnesis-web': 'x' } })).toThrow('anamnesis-web');
  });
});

describe('the people of the realm', () => {
  it('are nobody but accounts of services, unless it is for a demonstration', () => {
    expect(realm.users.map(({ serviceAccountClientId }) => serviceAccountClientId)).toEqual(CONFIDENTIAL_CLIENTS);
    for (const user of realm.users) expect(user).not.toHaveProperty('credentials');
  });

  it('of a demonstration are those of the embedded issuer, in the same facilities', () => {
    const passwords = Object.fromEntries([...ROLES, 'compliance-officer-2'].map((name) => [name, `for ${name}`]));
    const facilities = ['F1', 'F2', 'F3'];
    const { users } = realmWith({ hostname, facilities, demoUsers: { passwords } });
    const people = users.filter(({ serviceAccountClientId }) => serviceAccountClientId === undefined);
    expect(people.map(({ username }) => username)).toEqual([...ROLES, 'compliance-officer-2']);
    for (const { username, realmRoles, attributes, credentials } of people) {
      const role = username.replace('-2', '');
      const inBoth = ['nurse', 'physician', 'compliance-officer'].includes(role);
      expect([username, realmRoles?.[0], attributes]).toEqual([
        username,
        role,
        { facility: facilities.slice(0, inBoth ? 2 : 1) },
      ]);
      expect(credentials).toEqual([{ type: 'password', value: `for ${username}`, temporary: false }]);
    }
    const account = users.find(({ username }) => username === 'service-account-anamnesis-import');
    expect(account).toMatchObject({ realmRoles: ['integration'], attributes: { facility: facilities } });
  });

  it('of a demonstration are only those who have a password', () => {
    const { users } = realmWith({ hostname, demoUsers: { passwords: { nurse: 'x' }, otpSecrets: { nurse: 's' } } });
    const people = users.filter(({ serviceAccountClientId }) => serviceAccountClientId === undefined);
    expect(people.map(({ username, credentials }) => [username, credentials?.map(({ type }) => type)])).toEqual([
      ['nurse', ['password', 'otp']],
    ]);
  });
});

describe('the sessions of the realm', () => {
  it('outlast the tokens they give', () => {
    expect(realm).toMatchObject({ accessTokenLifespan: 900, ssoSessionIdleTimeout: 1_800 });
    const long = realmWith({ hostname, accessTokenLifespan: 3_600 });
    expect(long).toMatchObject({ accessTokenLifespan: 3_600, ssoSessionIdleTimeout: 7_200 });
  });
});

describe('the file of the realm', () => {
  it('holds no secret, no password and no person', () => {
    const text = realmFile();
    expect(text).not.toMatch(/"secret"|"credentials"|"value"/);
    for (const role of ROLES) expect(text).not.toContain(`"username": "${role}"`);
  });

  it('leaves the public address to whoever installs it', () => {
    const filled = realmFile().replaceAll('${ANAMNESIS_PUBLIC_URL}', hostname);
    expect(JSON.parse(filled)).toEqual(JSON.parse(JSON.stringify(realm)));
  });
});
