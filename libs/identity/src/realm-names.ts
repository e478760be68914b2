/** The realm's name, and where it stands beneath a service's or Keycloak's address. */
export const REALM = 'anamnesis';
export const REALM_PATH = `/realms/${REALM}`;

/** What access tokens are made out to. */
export const AUDIENCE = 'anamnesis-gateway';

export const CLIENTS = { web: 'anamnesis-web', cli: 'anamnesis-cli', import: 'anamnesis-import' } as const;

export function issuerOf(publicUrl: string): string {
  return publicUrl + REALM_PATH;
}
