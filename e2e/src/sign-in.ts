import { createHash, randomBytes, randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Browser, formOf } from '@anamnesis/testing';
import type { Server } from './server.ts';

/** Keycloak's path of the realm; every profile has it. */
export const REALM = '/realms/anamnesis';
const OPENID = `${REALM}/protocol/openid-connect`;
const CLIENT = 'anamnesis-web';
const MOST_TRIES = 8;

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
}

export interface AuthorizationRequest {
  readonly verifier: string;
  readonly url: string;
}

const backOf = ({ url }: Server): string => `${url}/signed-in`;

/** The start of an authorization code flow with PKCE (RFC 7636). */
export function authorizationRequest(server: Server, more: Record<string, string> = {}): AuthorizationRequest {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: CLIENT,
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: backOf(server),
    state: 'here',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  return { verifier, url: `${server.url}${OPENID}/auth?${query}` };
}

/** Signs in through the pages; where the browser is in the end, and the page there. */
export async function signIn(
  server: Server,
  request: AuthorizationRequest,
  username: string,
  { browser = new Browser(), password }: { browser?: Browser; password?: string } = {},
): Promise<{ readonly url: URL; readonly page: Response }> {
  const asked = await browser.follow(request.url);
  const form = formOf(await asked.page.text(), asked.url);
  const fields = { ...form?.fields, username, password: password ?? (await server.password(username)) };
  const { url, page } = await browser.follow(form?.action ?? asked.url, backOf(server), fields);
  return { url: new URL(url), page };
}

export function tokenRequest(server: Server, form: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${server.url}${OPENID}/token`, { method: 'POST', body: new URLSearchParams(form) });
}

export function redeem(server: Server, { verifier }: AuthorizationRequest, back: URL): Promise<Response> {
  return tokenRequest(server, {
    grant_type: 'authorization_code',
    client_id: CLIENT,
    code: back.searchParams.get('code') ?? '',
    redirect_uri: backOf(server),
    code_verifier: verifier,
  });
}

/**
 * Keycloak lets one attempt of a person in at a time, so that guesses cannot run side by side; suites that run side by
 * side take turns.
 */
export async function tokensOf(server: Server, username: string): Promise<Tokens> {
  for (let tries = 1; ; tries += 1) {
    const request = authorizationRequest(server);
    const { url } = await signIn(server, request, username);
    if (!url.searchParams.has('code') && tries < MOST_TRIES) {
      await pause(randomInt(200, 1_000));
      continue;
    }
    const answer = await redeem(server, request, url);
    if (answer.status !== 200) throw new Error(`${username} could not sign in: ${answer.status}`);
    return (await answer.json()) as Tokens;
  }
}
