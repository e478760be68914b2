import { REALM } from '../realm-names.ts';
import { realmClients, serviceAccounts } from './realm-clients.ts';
import type { RealmDocument } from './realm-document.ts';
import { browserFlow } from './realm-flows.ts';
import { realmRoles } from './realm-roles.ts';
import { clientScopes, DEFAULT_SCOPES, OPTIONAL_SCOPES, scopeMappings } from './realm-scopes.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds. Revoked sessions are found out within a minute; the rest of it is how long Keycloak may be away. */
export const ACCESS_TOKEN = 15 * MINUTE;
export const SESSION_IDLE = 30 * MINUTE;

export const SESSIONS_PER_PERSON = 25;

/** The realm of every installation, without its secrets, addresses and people; see `realmWith`. */
export function realm(): RealmDocument {
  return {
    realm: REALM,
    enabled: true,
    displayName: 'Anamnesis',
    sslRequired: 'external',
    ...SIGN_IN,
    ...GUESSING,
    ...LIFETIMES,
    ...EVENTS,
    roles: { realm: realmRoles() },
    ...browserFlow(SESSIONS_PER_PERSON),
    clientScopes: clientScopes(),
    defaultDefaultClientScopes: DEFAULT_SCOPES,
    defaultOptionalClientScopes: OPTIONAL_SCOPES,
    clients: realmClients(),
    ...scopeMappings(),
    users: serviceAccounts([]),
    components: { 'org.keycloak.userprofile.UserProfileProvider': [USER_PROFILE] },
  };
}

const SIGN_IN = {
  registrationAllowed: false,
  resetPasswordAllowed: false,
  rememberMe: false,
  loginWithEmailAllowed: false,
  duplicateEmailsAllowed: true,
  passwordPolicy: 'length(12) and maxLength(128) and notUsername(undefined) and passwordHistory(5)',
  // The algorithm that every authenticator app knows (RFC 6238).
  otpPolicyType: 'totp',
  otpPolicyAlgorithm: 'HmacSHA1',
  otpPolicyDigits: 6,
  otpPolicyPeriod: 30,
  otpPolicyLookAheadWindow: 1,
  otpPolicyCodeReusable: false,
};

/** From the fifth failure on a minute, then longer each time, up to a quarter of an hour; forgotten after twelve. */
const GUESSING = {
  bruteForceProtected: true,
  permanentLockout: false,
  failureFactor: 5,
  waitIncrementSeconds: MINUTE,
  maxFailureWaitSeconds: 15 * MINUTE,
  minimumQuickLoginWaitSeconds: MINUTE,
  quickLoginCheckMilliSeconds: 50,
  maxDeltaTimeSeconds: 12 * HOUR,
};

const LIFETIMES = {
  accessTokenLifespan: ACCESS_TOKEN,
  accessCodeLifespan: MINUTE,
  accessCodeLifespanLogin: 10 * MINUTE,
  ssoSessionIdleTimeout: SESSION_IDLE,
  ssoSessionMaxLifespan: 10 * HOUR,
  offlineSessionIdleTimeout: 30 * DAY,
  offlineSessionMaxLifespanEnabled: true,
  offlineSessionMaxLifespan: 90 * DAY,
  oauth2DeviceCodeLifespan: 10 * MINUTE,
  oauth2DevicePollingInterval: 5,
  revokeRefreshToken: true,
  refreshTokenMaxReuse: 0,
  defaultSignatureAlgorithm: 'RS256',
};

/** Kept as long as the audit may take to read them, however long it was away. */
const EVENTS = {
  eventsEnabled: true,
  eventsExpiration: 30 * DAY,
  eventsListeners: ['jboss-logging'],
  enabledEventTypes: [
    ...['LOGIN', 'LOGIN_ERROR', 'LOGOUT', 'LOGOUT_ERROR', 'CODE_TO_TOKEN_ERROR', 'REFRESH_TOKEN_ERROR'],
    ...['CLIENT_LOGIN_ERROR', 'UPDATE_CREDENTIAL', 'REMOVE_CREDENTIAL', 'OAUTH2_DEVICE_VERIFY_USER_CODE_ERROR'],
    ...['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'USER_DISABLED_BY_TEMPORARY_LOCKOUT', 'USER_SESSION_DELETED'],
  ],
  adminEventsEnabled: true,
  adminEventsDetailsEnabled: true,
};

const seenBy = (...view: readonly string[]): object => ({ view, edit: ['admin'] });

/** People are named by who keeps the accounts; nobody must give an address to work here. */
const USER_PROFILE = {
  providerId: 'declarative-user-profile',
  config: {
    'kc.user.profile.config': [
      JSON.stringify({
        attributes: [
          { name: 'username', validations: { length: { min: 3, max: 255 } }, permissions: seenBy('admin', 'user') },
          { name: 'email', validations: { email: {} }, permissions: seenBy('admin', 'user') },
          { name: 'firstName', permissions: seenBy('admin', 'user') },
          { name: 'lastName', permissions: seenBy('admin', 'user') },
          { name: 'facility', multivalued: true, permissions: seenBy('admin', 'user') },
        ],
      }),
    ],
  },
};
