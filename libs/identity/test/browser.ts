import { createHash, randomBytes } from 'node:crypto';
import type { ServedIssuer } from './served-issuer.ts';

/** As much of a browser as signing in takes: cookies with their paths, forms, redirects followed one by one. */
export class Browser {
  readonly #cookies = new Map<string, { readonly path: string; readonly value: string }>();

  async go(url: string, form?: Record<string, string>): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  /** Follows redirects until a page comes, or an address that starts with `until`. */
  async follow(url: string, until = '\0', form?: Record<string, string>): Promise<{ url: string; page: Response }> {
    let at = url;
    let page = await this.go(url, form);
    while (page.status >= 300 && page.status < 400) {
      at = new URL(page.headers.get('location')!, at).href;
      if (at.startsWith(until)) break;
      page = await this.go(at);
    }
    return { url: at, page };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    const path = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
    const value = pair.slice(name.length + 1);
    if (value === '') this.#cookies.delete(name);
    else this.#cookies.set(name, { path, value });
  }
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

export function authorizationRequest(served: ServedIssuer, more: Record<string, string> = {}): AuthorizationRequest {
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
  served: ServedIssuer,
  request: AuthorizationRequest,
  username: string,
): Promise<URL> {
  const asked = await browser.follow(request.url);
  const back = `${served.url}/signed-in`;
  const form = { username, password: await served.password(username) };
  return new URL((await browser.follow(asked.url, back, form)).url);
}

export async function tokenRequest(
  served: ServedIssuer,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${served.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
}

export async function redeem(served: ServedIssuer, { verifier }: AuthorizationRequest, back: URL): Promise<Response> {
  return tokenRequest(served, {
    grant_type: 'authorization_code',
    client_id: 'anamnesis-web',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: `${served.url}/signed-in`,
    code_verifier: verifier,
  });
}

export async function tokensOf(served: ServedIssuer, username: string, browser = new Browser()): Promise<Tokens> {
  const request = authorizationRequest(served);
  return (await (await redeem(served, request, await signIn(browser, served, request, username))).json()) as Tokens;
}

export async function refresh(served: ServedIssuer, token: string, client = 'anamnesis-web'): Promise<Response> {
  return tokenRequest(served, { grant_type: 'refresh_token', client_id: client, refresh_token: token });
}
