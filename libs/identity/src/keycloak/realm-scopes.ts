import { AUDIENCE, CLIENTS } from '../realm-names.ts';
import { ROLES } from '../roles.ts';
import { SERVICE_ROLE, serviceClient, SERVICES } from '../services.ts';
import { SIGN_INS_CLIENT } from './realm-clients.ts';

interface Mapper {
  readonly name: string;
  readonly protocol: 'openid-connect';
  readonly protocolMapper: string;
  readonly config: Readonly<Record<string, string>>;
}

/** Which tokens carry a claim. */
const EVERYWHERE = { access: true, id: true };
const ACCESS_ONLY = { access: true, id: false };

/**
 * Whole, because a realm that lists any scope gets none of the built-in ones: what is missing here is in no token.
 * `offline_access` is the one that clients must ask for.
 */
export function clientScopes(): readonly object[] {
  return [
    scope('basic', [
      mapper('sub', 'oidc-sub-mapper', ACCESS_ONLY),
      mapper('auth_time', 'oidc-usersessionmodel-note-mapper', EVERYWHERE, {
        'user.session.note': 'AUTH_TIME',
        'claim.name': 'auth_time',
        'jsonType.label': 'long',
      }),
    ]),
    scope('acr', [mapper('acr', 'oidc-acr-mapper', EVERYWHERE)]),
    scope('roles', [
      mapper('realm roles', 'oidc-usermodel-realm-role-mapper', ACCESS_ONLY, {
        'claim.name': 'realm_access.roles',
        'jsonType.label': 'String',
        multivalued: 'true',
      }),
      // Of Keycloak's own clients; ours are given none.
      mapper('client roles', 'oidc-usermodel-client-role-mapper', ACCESS_ONLY, {
        'claim.name': 'resource_access.${client_id}.roles',
        'jsonType.label': 'String',
        multivalued: 'true',
      }),
    ]),
    scope('profile', [
      mapper('username', 'oidc-usermodel-attribute-mapper', EVERYWHERE, {
        'user.attribute': 'username',
        'claim.name': 'preferred_username',
        'jsonType.label': 'String',
      }),
    ]),
    scope('anamnesis', [
      mapper('facility', 'oidc-usermodel-attribute-mapper', EVERYWHERE, {
        'user.attribute': 'facility',
        'claim.name': 'facility',
        'jsonType.label': 'String',
        multivalued: 'true',
      }),
      mapper('audience', 'oidc-audience-mapper', ACCESS_ONLY, { 'included.client.audience': AUDIENCE }),
    ]),
    { ...scope('offline_access', []), attributes: { 'consent.screen.text': '${offlineAccessScopeConsentText}' } },
  ];
}

export const DEFAULT_SCOPES: readonly string[] = ['basic', 'acr', 'roles', 'profile', 'anamnesis'];
export const OPTIONAL_SCOPES: readonly string[] = ['offline_access'];

/**
 * Which roles a client's tokens can carry at all: persons' through the clients of persons, the services' through those
 * of services, so that a role assigned by mistake comes into no token.
 */
export function scopeMappings(): Readonly<Record<string, unknown>> {
  const persons = Object.values(CLIENTS).map((client) => ({ client, roles: [...ROLES] }));
  const services = SERVICES.map((service) => ({ client: serviceClient(service), roles: [SERVICE_ROLE] }));
  return {
    scopeMappings: [...persons, ...services, { clientScope: 'offline_access', roles: ['offline_access'] }],
    clientScopeMappings: { 'realm-management': [{ client: SIGN_INS_CLIENT, roles: ['view-events'] }] },
  };
}

function scope(name: string, protocolMappers: readonly Mapper[]): object {
  return {
    name,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' },
    protocolMappers,
  };
}

function mapper(
  name: string,
  protocolMapper: string,
  tokens: { readonly access: boolean; readonly id: boolean },
  config: Readonly<Record<string, string>> = {},
): Mapper {
  const claims = {
    'access.token.claim': String(tokens.access),
    'id.token.claim': String(tokens.id),
    'userinfo.token.claim': String(tokens.id),
    'introspection.token.claim': String(tokens.access),
  };
  return { name, protocol: 'openid-connect', protocolMapper, config: { ...config, ...claims } };
}
