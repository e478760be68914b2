import { demoPeople } from '../demo-people.ts';
import { CLIENTS, REALM } from '../realm-names.ts';
import { ACCESS_TOKEN, realm, SESSION_IDLE, SESSIONS_PER_PERSON } from './realm.ts';
import { CONFIDENTIAL_CLIENTS, serviceAccounts } from './realm-clients.ts';
import type { ClientDocument, CredentialDocument, RealmDocument, UserDocument } from './realm-document.ts';
import { browserFlow } from './realm-flows.ts';

export interface RealmOptions {
  /** The public base address of the record, behind which Keycloak stands; it is in every token's `iss`. */
  readonly hostname: string;
  /** Where browsers may be sent back to; default: `/signed-in` of the public address. */
  readonly redirectUris?: readonly string[];
  /** Of `CONFIDENTIAL_CLIENTS`; the others get a random one that only Keycloak's console shows. */
  readonly clientSecrets?: Readonly<Record<string, string>>;
  /** The network's facilities; the account of the import client works in all of them. */
  readonly facilities?: readonly string[];
  /** People for a demonstration; never where others can reach the record. */
  readonly demoUsers?: DemoUsers;
  /** Seconds that persons' tokens are good for; default: a quarter of an hour. */
  readonly accessTokenLifespan?: number;
  /** How many sessions a person may have at once, before the oldest ends; default: 25. */
  readonly sessionsPerPerson?: number;
  /** Default: `anamnesis`. */
  readonly realm?: string;
}

export interface DemoUsers {
  /** By user name; who has none here does not come into being. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Secrets of one-time codes, as bytes in text (RFC 6238), by user name. */
  readonly otpSecrets?: Readonly<Record<string, string>>;
}

/** The realm of one installation. Throws when a secret is meant for a client that there is not. */
export function realmWith(options: RealmOptions): RealmDocument {
  const base = realm();
  const { facilities = [], accessTokenLifespan = ACCESS_TOKEN, realm: name = REALM, demoUsers } = options;
  const strangers = Object.keys(options.clientSecrets ?? {}).filter((id) => !CONFIDENTIAL_CLIENTS.includes(id));
  if (strangers.length > 0) throw new Error(`these clients have no secret: ${strangers.join(', ')}`);
  return {
    ...base,
    ...browserFlow(options.sessionsPerPerson ?? SESSIONS_PER_PERSON),
    realm: name,
    attributes: { ...(base['attributes'] as object), frontendUrl: options.hostname },
    accessTokenLifespan,
    ssoSessionIdleTimeout: Math.max(SESSION_IDLE, 2 * accessTokenLifespan),
    clients: base.clients.map((client) => installed(client, options)),
    users: [
      ...serviceAccounts(facilities),
      ...(demoUsers === undefined ? [] : peopleOf(demoUsers, facilities, `default-roles-${name}`)),
    ],
  };
}

function installed(client: ClientDocument, options: RealmOptions): ClientDocument {
  if (client.clientId === CLIENTS.web) {
    const redirectUris = options.redirectUris ?? [`${options.hostname}/signed-in`];
    return { ...client, redirectUris };
  }
  const secret = options.clientSecrets?.[client.clientId];
  return secret === undefined ? client : { ...client, secret };
}

function peopleOf(users: DemoUsers, facilities: readonly string[], defaults: string): readonly UserDocument[] {
  return demoPeople(facilities)
    .filter(({ username }) => users.passwords[username] !== undefined)
    .map(({ username, role, facilities: held }) => ({
      username,
      enabled: true,
      attributes: { facility: held },
      realmRoles: [role, defaults],
      credentials: credentialsOf(username, users),
    }));
}

function credentialsOf(username: string, { passwords, otpSecrets }: DemoUsers): readonly CredentialDocument[] {
  const password = { type: 'password', value: passwords[username]!, temporary: false } as const;
  const secret = otpSecrets?.[username];
  if (secret === undefined) return [password];
  const credentialData = { subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1' };
  return [
    password,
    {
      type: 'otp',
      userLabel: 'one-time codes',
      secretData: JSON.stringify({ value: secret }),
      credentialData: JSON.stringify(credentialData),
    },
  ];
}
