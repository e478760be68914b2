export { type DemoUsers, type RealmOptions, realmWith } from './realm-with.ts';
export type { RealmDocument } from './realm-document.ts';
export { CONFIDENTIAL_CLIENTS, SIGN_INS_CLIENT } from './realm-clients.ts';
export { KeycloakAdmin, type KeycloakAdminOptions } from './keycloak-admin.ts';
export { KeycloakTokenVerifier, type KeycloakTokenVerifierOptions } from './keycloak-token-verifier.ts';
export { ServiceTokens, type ServiceTokensOptions } from './service-tokens.ts';
export { type KeycloakProxy, keycloakProxy, type KeycloakProxyOptions } from './keycloak-proxy.ts';
export {
  KeycloakSignInEvents,
  type KeycloakSignInEventsOptions,
  type SignInProgress,
} from './keycloak-sign-in-events.ts';
export { type DemoPerson, demoPeople } from '../demo-people.ts';
export { issuerOf, REALM } from '../realm-names.ts';
export { fileSignInProgress } from './file-sign-in-progress.ts';
