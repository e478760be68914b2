import type { TokenIdentity } from './caller.ts';
import { isRole } from './roles.ts';
import { SERVICE_ROLE, type ServiceName, serviceOfClient } from './services.ts';

/** Reads Keycloak's claims; undefined for a token that is no access token of a client. */
export function tokenIdentity(payload: Readonly<Record<string, unknown>>): TokenIdentity | undefined {
  const { sub, exp, azp, typ, preferred_username: username, realm_access: realm, facility, acr, sid } = payload;
  if (typ !== 'Bearer' || typeof azp !== 'string' || typeof sub !== 'string' || typeof exp !== 'number') {
    return undefined;
  }
  const claimed = typeof realm === 'object' && realm !== null && 'roles' in realm ? realm.roles : [];
  const roles: readonly unknown[] = Array.isArray(claimed) ? claimed : [];
  const service = serviceOf(roles, azp, username);
  return {
    subject: sub,
    clientId: azp,
    roles: service === undefined ? roles.filter(isRole) : [],
    facilities: [facility].flat().filter((entry) => typeof entry === 'string'),
    expiresAt: exp * 1_000,
    ...(typeof username === 'string' && { username }),
    ...(typeof acr === 'string' && { acr }),
    ...(typeof sid === 'string' && { sessionId: sid }),
    ...(service !== undefined && { service }),
  };
}

/**
 * A service's own token: the role alone does not make one, it must have been given to the service's client, for that
 * client's own account. So a role assigned to a person by mistake opens nothing.
 */
function serviceOf(roles: readonly unknown[], azp: string, username: unknown): ServiceName | undefined {
  if (!roles.includes(SERVICE_ROLE) || username !== `service-account-${azp}`) return undefined;
  return serviceOfClient(azp);
}
