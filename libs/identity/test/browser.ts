import { createHash, randomBytes } from 'node:crypto';
import { Browser, formOf } from '@anamnesis/testing';

export { Browser, formOf } from '@anamnesis/testing';

/** Where people sign in, whoever serves it. */
export interface SignInPlace {
  readonly url: string;
  readonly realm: string;
  password(username: string): Promise<string>;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
  readonly token_type: string;
}

export interface AuthorizationRequest {
  readonly verifier: string;
  readonly url: string;
}

export function authorizationRequest(served: SignInPlace, more: Record<string, string> = {}): AuthorizationRequest {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: 'anamnesis-web',
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: `${served.url}/signed-in`,
    state: 'here',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  return { verifier, url: `${served.realm}/protocol/openid-connect/auth?${query}` };
}

/** Signs in through the pages; the address the browser is sent back to in the end. */
export async function signIn(
  browser: Browser,
  served: SignInPlace,
  request: AuthorizationRequest,
  username: string,
): Promise<URL> {
  const asked = await browser.follow(request.url);
  const back = `${served.url}/signed-in`;
  const form = formOf(await asked.page.text(), asked.url);
  const fields = { ...form?.fields, username, password: await served.password(username) };
  return new URL((await browser.follow(form?.action ?? asked.url, back, fields)).url);
}

export async function tokenRequest(
  served: SignInPlace,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${served.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
}

export async function redeem(served: SignInPlace, { verifier }: AuthorizationRequest, back: URL): Promise<Response> {
  return tokenRequest(served, {
    grant_type: 'authorization_code',
    client_id: 'anamnesis-web',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: `${served.url}/signed-in`,
    code_verifier: verifier,
  });
}

export async function tokensOf(served: SignInPlace, username: string, browser = new Browser()): Promise<Tokens> {
  const request = authorizationRequest(served);
  return (await (await redeem(served, request, await signIn(browser, served, request, username))).json()) as Tokens;
}

export async function refresh(served: SignInPlace, token: string, client = 'anamnesis-web'): Promise<Response> {
  return tokenRequest(served, { grant_type: 'refresh_token', client_id: client, refresh_token: token });
}
