import { CLIENTS } from '../realm-names.ts';
import { SERVICE_ROLE, serviceClient, SERVICES } from '../services.ts';
import type { ClientDocument, UserDocument } from './realm-document.ts';

/** Reads who signed in and who failed to, for the audit; may nothing else. */
export const SIGN_INS_CLIENT = 'anamnesis-sign-ins';

/** Seconds. A service's token outlives an identity provider that is away for as long. */
const SERVICE_TOKEN = 15 * 60;

/** Every client that signs in with a secret. */
export const CONFIDENTIAL_CLIENTS: readonly string[] = [
  ...SERVICES.map((service) => serviceClient(service)),
  CLIENTS.import,
  SIGN_INS_CLIENT,
];

/** The clients, as the embedded issuer has them, and one for each service. Secrets and addresses are an installation's. */
export function realmClients(): readonly ClientDocument[] {
  return [web(), terminal(), ...CONFIDENTIAL_CLIENTS.map(confidential)];
}

/** The accounts that confidential clients act as. */
export function serviceAccounts(facilities: readonly string[]): readonly UserDocument[] {
  return CONFIDENTIAL_CLIENTS.map((clientId): UserDocument => {
    const account = { username: `service-account-${clientId}`, enabled: true, serviceAccountClientId: clientId };
    if (clientId === SIGN_INS_CLIENT) return { ...account, clientRoles: { 'realm-management': ['view-events'] } };
    if (clientId !== CLIENTS.import) return { ...account, realmRoles: [SERVICE_ROLE] };
    return {
      ...account,
      realmRoles: ['integration'],
      ...(facilities.length > 0 && { attributes: { facility: facilities } }),
    };
  });
}

const NO_FLOW = {
  enabled: true,
  protocol: 'openid-connect',
  fullScopeAllowed: false,
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
};

function web(): ClientDocument {
  return {
    ...NO_FLOW,
    clientId: CLIENTS.web,
    name: 'Anamnesis',
    publicClient: true,
    standardFlowEnabled: true,
    redirectUris: [],
    webOrigins: ['+'],
    attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': '+' },
  };
}

function terminal(): ClientDocument {
  return {
    ...NO_FLOW,
    clientId: CLIENTS.cli,
    name: 'Anamnesis command line',
    publicClient: true,
    attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
  };
}

function confidential(clientId: string): ClientDocument {
  return {
    ...NO_FLOW,
    clientId,
    name: clientId,
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    serviceAccountsEnabled: true,
    attributes: { 'access.token.lifespan': String(SERVICE_TOKEN) },
  };
}
