import { createHash, randomBytes } from 'node:crypto';

/** Where people sign in, whoever serves it. */
export interface SignInPlace {
  readonly url: string;
  readonly realm: string;
  password(username: string): Promise<string>;
}

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
    const [pair = '', ...attributes] = line.split(/; */);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    const path = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
    if (value === '' || attributes.some((attribute) => /^max-age=0$/i.test(attribute))) this.#cookies.delete(name);
    else this.#cookies.set(name, { path, value });
  }
}

/** A page's form as a browser sends it when its first button is pressed: all fields but the other buttons. */
export interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The form of a page that was found at `url`; undefined when it has none. */
export function formOf(html: string, url: string): Form | undefined {
  const [form] = /<form[\s>][\s\S]*?<\/form>/i.exec(html) ?? [];
  if (form === undefined) return undefined;
  const fields: Record<string, string> = {};
  let pressed = false;
  for (const [tag, kind] of form.matchAll(/<(input|button)\s[^>]*>/gi)) {
    const name = attributeOf(tag, 'name');
    const button = kind?.toLowerCase() === 'button' || attributeOf(tag, 'type')?.toLowerCase() === 'submit';
    if (name !== undefined && !(button && pressed)) fields[name] = attributeOf(tag, 'value') ?? '';
    pressed ||= button;
  }
  return { action: new URL(attributeOf(form, 'action') ?? url, url).href, fields };
}

function attributeOf(tag: string, name: string): string | undefined {
  const value = new RegExp(`^<[^>]*?\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1];
  return value?.replace(/&(amp|quot|lt|gt|#39|#x27);/g, (entity) => ENTITIES[entity] ?? entity);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&quot;': '"',
  '&lt;': '<',
  '&gt;': '>',
  '&#39;': "'",
  '&#x27;': "'",
};

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
