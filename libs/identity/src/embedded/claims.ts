import type { Role } from '../roles.ts';

export interface ClaimedIdentity {
  readonly username: string;
  readonly roles: readonly Role[];
  readonly facilities: readonly string[];
  readonly clientId: string;
  readonly acr?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** The claims that Keycloak puts into an access token, beside the registered ones. */
export function keycloakClaims(identity: ClaimedIdentity): Record<string, unknown> {
  return {
    typ: 'Bearer',
    azp: identity.clientId,
    preferred_username: identity.username,
    realm_access: { roles: identity.roles },
    facility: identity.facilities,
    ...(identity.acr !== undefined && { acr: identity.acr }),
    ...(identity.sessionId !== undefined && { sid: identity.sessionId }),
  };
}
