import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Log, Mount } from '@anamnesis/service';
import { LocalTokenVerifier } from '../local-token-verifier.ts';
import { AUDIENCE, issuerOf, REALM_PATH } from '../realm-names.ts';
import type { SignInEvents } from '../sign-in-events.ts';
import type { TokenVerifier } from '../token-verifier.ts';
import { issuerSecrets, publicKeys } from './issuer-secrets.ts';
import type { IssuerStore } from './issuer-store.ts';
import { SecretFiles } from './secret-files.ts';
import { SignInPages } from './sign-in-pages.ts';
import { SignInThrottle } from './sign-in-throttle.ts';
import { demoUsers, Users } from './users.ts';

export interface EmbeddedIssuerOptions {
  readonly dataFolder: string;
  /** The service's base address; asked for when first needed, as a free port is known late. */
  readonly publicUrl: () => string;
  readonly facilities: readonly string[];
  /** Whether demo users exist; never true where others can reach the service. */
  readonly demoUsers: boolean;
  /** Milliseconds. */
  readonly tokenTtl: number;
  /** Where a browser may be sent after sign-in, besides /signed-in of the service. */
  readonly webRedirects?: readonly string[] | undefined;
  readonly events?: SignInEvents;
  readonly log?: Log;
  /** Milliseconds since the epoch, for the throttle and the store. */
  readonly now?: () => number;
}

export interface EmbeddedIssuer {
  /** Answers everything under /realms/anamnesis. */
  readonly mount: Mount;
  /** Verifies this issuer's tokens. */
  readonly verifier: TokenVerifier;
  /** The file with the demo users' passwords; absent when there are none. */
  readonly demoUsersFile?: string;
  /**
   * Loads the OpenID library, makes demo users where there are none yet, and notes the issuer in the folder. Call it
   * once the service listens: it takes longer than all the rest of the start.
   */
  ready(): Promise<void>;
  close(): void;
}

type Handler = (request: IncomingMessage, response: ServerResponse, from: string) => Promise<void>;

/**
 * The OpenID issuer inside the process, on the paths of a Keycloak realm. Opening it reads or makes the secrets in
 * `identity/`; the OpenID library itself is loaded with `ready`, or by the first request.
 * Throws `Fault` `identity-unavailable` when a secret is damaged, readable by others, or cannot be kept.
 */
export async function openEmbeddedIssuer(options: EmbeddedIssuerOptions): Promise<EmbeddedIssuer> {
  const files = new SecretFiles(options.dataFolder);
  const secrets = await issuerSecrets(files);
  let store: IssuerStore | undefined;
  let closed = false;

  async function load(): Promise<Handler> {
    const [{ default: Provider, errors }, { IssuerStore }, { providerConfiguration }] = await Promise.all([
      import('oidc-provider'),
      import('./issuer-store.ts'),
      import('./provider-configuration.ts'),
    ]);
    if (closed) throw new Error('the issuer is closed');
    const users = new Users(options.demoUsers ? await demoUsers(files, options.facilities) : []);
    const publicUrl = options.publicUrl();
    store = new IssuerStore(join(files.folder, 'issuer.sqlite'), options.now);
    const webRedirects = [`${publicUrl}/signed-in`, ...(options.webRedirects ?? [])];
    const parts = { ...options, publicUrl, secrets, store, users, webRedirects };
    const provider = new Provider(issuerOf(publicUrl), providerConfiguration(parts, errors));
    provider.proxy = true; // it is told its address by the headers that `addressed` sets
    provider.on('server_error', (_ctx, error) => options.log?.error('the issuer failed', { error }));
    const throttle = new SignInThrottle((name) => users.named(name) !== undefined, options.now);
    const pages = new SignInPages({ provider, users, throttle, events: options.events });
    const callback = provider.callback();
    await files.write('issuer.json', { issuer: issuerOf(publicUrl), facilities: options.facilities });
    return async (request, response, from) => {
      addressed(request, publicUrl);
      if (request.url?.startsWith(SignInPages.prefix)) return pages.handle(request, response, from);
      await callback(beneathRealm(request), response);
    };
  }

  let handler: Promise<Handler> | undefined;
  const loaded = (): Promise<Handler> =>
    (handler ??= load().catch((error: unknown) => {
      handler = undefined; // the next request tries again
      throw error;
    }));
  return {
    mount: {
      prefix: REALM_PATH,
      action: 'openid',
      handle: async (request, response, from) => {
        try {
          await (
            await loaded()
          )(request, response, from);
        } catch (error) {
          options.log?.error('the issuer failed', { error });
          if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
          response.end('{"error":"server_error"}');
        }
      },
    },
    verifier: new LocalTokenVerifier({
      keys: publicKeys(secrets.signingKeys),
      issuer: () => issuerOf(options.publicUrl()),
      audience: AUDIENCE,
      ...(options.now && { now: options.now }),
    }),
    ...(options.demoUsers && { demoUsersFile: files.path('demo-users.json') }),
    ready: async () => void (await loaded()),
    close: () => {
      closed = true;
      store?.close();
    },
  };
}

/**
 * The library builds addresses from the request's Host. That is the client's word, so it is replaced by the address
 * the service is configured with; proxies' words go too, the server has read the ones it trusts.
 */
function addressed(request: IncomingMessage, publicUrl: string): void {
  const { host, protocol } = new URL(publicUrl);
  request.headers.host = host;
  request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
  delete request.headers['x-forwarded-host'];
  delete request.headers['x-forwarded-for'];
}

/** The library serves paths below the realm; it learns the rest from originalUrl, as behind any mounting framework. */
function beneathRealm(request: IncomingMessage): IncomingMessage {
  const originalUrl = request.url ?? '';
  return Object.assign(request, { originalUrl, url: originalUrl.slice(REALM_PATH.length) || '/' });
}
