import { realmWith } from './realm-with.ts';

/**
 * The text of `deploy/keycloak/anamnesis-realm.json`. Keycloak puts the environment's `ANAMNESIS_PUBLIC_URL` in when it
 * imports the file. It holds no secret and no placeholder for one: Keycloak would take a placeholder that nobody set
 * for the secret itself, and an empty one too. It makes a random secret for each client that has none.
 */
export function realmFile(): string {
  return `${JSON.stringify(realmWith({ hostname: '${ANAMNESIS_PUBLIC_URL}' }), undefined, 2)}\n`;
}
