import type { ClientMetadata, Configuration, errors as ProviderErrors, KoaContextWithOIDC } from 'oidc-provider';
import { AUDIENCE, CLIENTS, REALM_PATH } from '../realm-names.ts';
import { keycloakClaims } from './claims.ts';
import type { IssuerSecrets } from './issuer-secrets.ts';
import type { IssuerStore } from './issuer-store.ts';
import {
  deviceCodePage,
  deviceConfirmPage,
  noticePage,
  type Page,
  pageHeaders,
  pageHtml,
  signOutPage,
} from './pages.ts';
import type { Users } from './users.ts';

export interface ProviderParts {
  readonly publicUrl: string;
  readonly secrets: IssuerSecrets;
  readonly store: IssuerStore;
  readonly users: Users;
  readonly facilities: readonly string[];
  /** Milliseconds. */
  readonly tokenTtl: number;
  readonly webRedirects: readonly string[];
}

const OPENID_PATH = '/protocol/openid-connect';
/** The one resource that tokens are for (RFC 8707); an identifier, not an address. */
const RESOURCE = 'urn:anamnesis:record';
const SCOPES = ['openid', 'profile', 'offline_access'];
const ASSURANCE = 'aal1';

const MINUTE = 60;
const SHIFT = 10 * 60 * MINUTE;

/** How oidc-provider is to behave: Keycloak's paths and claims, PKCE for all, refresh tokens good for one use. */
export function providerConfiguration(parts: ProviderParts, errors: typeof ProviderErrors): Configuration {
  const tokenTtl = Math.floor(parts.tokenTtl / 1_000);
  return {
    adapter: (model) => parts.store.adapter(model),
    jwks: { keys: [...parts.secrets.signingKeys.keys] },
    clients: clients(parts),
    cookies: { keys: [...parts.secrets.cookieKeys] },
    routes: {
      authorization: `${OPENID_PATH}/auth`,
      token: `${OPENID_PATH}/token`,
      jwks: `${OPENID_PATH}/certs`,
      revocation: `${OPENID_PATH}/revoke`,
      end_session: `${OPENID_PATH}/logout`,
      device_authorization: `${OPENID_PATH}/auth/device`,
      code_verification: '/device',
    },
    interactions: { url: (_ctx, interaction) => `${REALM_PATH}/login/${interaction.uid}` },
    pkce: { required: () => true },
    responseTypes: ['code'],
    scopes: SCOPES,
    acrValues: [ASSURANCE],
    claims: { openid: ['sub'], profile: ['preferred_username', 'facility'], acr: null, auth_time: null, sid: null },
    // There is no userinfo endpoint, so the ID token carries the claims of its scopes.
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    // A terminal stays signed in when the browser that approved it is closed.
    expiresWithSession: async (_ctx, token) => token.clientId !== CLIENTS.cli,
    ttl: {
      AccessToken: tokenTtl,
      ClientCredentials: tokenTtl,
      AuthorizationCode: MINUTE,
      DeviceCode: 10 * MINUTE,
      IdToken: tokenTtl,
      Interaction: 10 * MINUTE,
      RefreshToken: 30 * MINUTE,
      Session: SHIFT,
      Grant: SHIFT,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      deviceFlow: deviceFlow(),
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, signOutPage(form), parts.webRedirects),
        postLogoutSuccessSource: (ctx) => show(ctx, noticePage('Signed out', 'You can close this page.')),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (resource !== RESOURCE) throw new errors.InvalidTarget();
          const jwt = { sign: { alg: 'RS256' } } as const;
          return {
            scope: SCOPES.join(' '),
            audience: AUDIENCE,
            accessTokenFormat: 'jwt',
            accessTokenTTL: tokenTtl,
            jwt,
          };
        },
      },
    },
    findAccount: (_ctx, subject) => {
      const user = parts.users.withSubject(subject);
      if (user === undefined) return undefined;
      const claims = { sub: subject, preferred_username: user.username, facility: user.facilities };
      return { accountId: subject, claims: () => claims };
    },
    extraTokenClaims: (ctx, token) => tokenClaims(ctx, token, parts),
    loadExistingGrant: firstPartyGrant,
    clientBasedCORS: (_ctx, origin) => parts.webRedirects.some((uri) => new URL(uri).origin === origin),
    renderError: (ctx) => show(ctx, noticePage('That did not work', 'Go back to where you came from and try again.')),
  };
}

function clients(parts: ProviderParts): ClientMetadata[] {
  return [
    {
      client_id: CLIENTS.web,
      client_name: 'Anamnesis',
      token_endpoint_auth_method: 'none',
      // `native` would let any port of a loopback address have the code (RFC 8252 section 7.3).
      application_type: 'web',
      redirect_uris: [...parts.webRedirects],
      post_logout_redirect_uris: [...parts.webRedirects],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    {
      client_id: CLIENTS.cli,
      client_name: 'Anamnesis command line',
      token_endpoint_auth_method: 'none',
      redirect_uris: [],
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      response_types: [],
    },
    {
      client_id: CLIENTS.import,
      client_secret: parts.secrets.clientSecrets.import,
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
    },
  ];
}

function deviceFlow(): NonNullable<NonNullable<Configuration['features']>['deviceFlow']> {
  return {
    enabled: true,
    userCodeInputSource: (ctx, _form, _out, error) => {
      const alert =
        error === undefined ? undefined : 'That code is not valid. Check it, or start again in the terminal.';
      show(ctx, deviceCodePage(ctx.oidc.urlFor('code_verification'), xsrfOf(ctx), alert));
    },
    userCodeConfirmSource: (ctx, _form, _client, _deviceInfo, code) => {
      show(ctx, deviceConfirmPage(ctx.oidc.urlFor('code_verification'), xsrfOf(ctx), code));
    },
    successSource: (ctx) => show(ctx, noticePage('Signed in', 'Go back to the terminal; you can close this page.')),
  };
}

/** What proves that the device form came from the page of this session. */
function xsrfOf(ctx: KoaContextWithOIDC): string {
  const secret = ctx.oidc.session?.state?.['secret'];
  return typeof secret === 'string' ? secret : '';
}

function show(ctx: KoaContextWithOIDC, page: Page, formTargets: readonly string[] = []): void {
  ctx.set({ ...pageHeaders(formTargets.map((uri) => new URL(uri).origin)) });
  ctx.body = pageHtml(page);
}

type ExtraTokenClaims = NonNullable<Configuration['extraTokenClaims']>;

function tokenClaims(ctx: KoaContextWithOIDC, token: Parameters<ExtraTokenClaims>[1], parts: ProviderParts) {
  const clientId = token.clientId ?? '';
  if (token.kind === 'ClientCredentials') {
    const username = `service-account-${clientId}`;
    return keycloakClaims({ username, roles: ['integration'], facilities: parts.facilities, clientId, acr: ASSURANCE });
  }
  const user = parts.users.withSubject(token.accountId);
  if (user === undefined) return undefined;
  const { AuthorizationCode, RefreshToken, DeviceCode } = ctx.oidc.entities;
  const acr = AuthorizationCode?.acr ?? RefreshToken?.acr ?? DeviceCode?.acr ?? ASSURANCE;
  const sessionId = (AuthorizationCode ?? RefreshToken ?? DeviceCode)?.sessionUid;
  return keycloakClaims({ ...user, clientId, acr, sessionId });
}

/** The clients are the record's own: who signs in has agreed, unless a client asks for consent (`prompt=consent`). */
const firstPartyGrant: NonNullable<Configuration['loadExistingGrant']> = async (ctx) => {
  const { provider, client, session, result } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const there = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  if (there !== undefined) return there;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(SCOPES.join(' '));
  grant.addResourceScope(RESOURCE, SCOPES.join(' '));
  await grant.save();
  return grant;
};
