import { readFile, stat } from 'node:fs/promises';
import { Fault } from '@anamnesis/kernel';
import type { HttpJson } from './http-json.ts';
import { refusedRequest, refusedToken, unexpectedAnswer, unreadableSecret } from './transit-fault.ts';

/** How the vault signs in to the key management service. */
export type TransitAuth =
  | { readonly kind: 'token'; readonly token: string }
  /** A mounted file that an agent may replace at any time; it is read again when it changes. */
  | { readonly kind: 'token-file'; readonly path: string }
  | { readonly kind: 'approle'; readonly roleId: string; readonly secretIdFile: string; readonly mount?: string }
  /** The service account's token, by default where Kubernetes mounts it. */
  | { readonly kind: 'kubernetes'; readonly role: string; readonly tokenFile?: string; readonly mount?: string };

/** Where tokens come from. */
export interface TokenOrigin {
  /** A token, the same one as before where it still is the one to use. */
  token(): Promise<string>;
  /** The server refused this token: the next one must be a new one, if there is one. */
  refused(token: string): void;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const LOOK_EVERY_MS = 1_000;

export function tokenOrigin(auth: TransitAuth, http: HttpJson, headers: Readonly<Record<string, string>>): TokenOrigin {
  switch (auth.kind) {
    case 'token':
      return { token: async () => auth.token, refused: () => undefined };
    case 'token-file':
      return new TokenFile(auth.path);
    case 'approle':
      return new Login(http, headers, `auth/${auth.mount ?? 'approle'}/login`, async () => ({
        role_id: auth.roleId,
        secret_id: await secretIn(auth.secretIdFile),
      }));
    case 'kubernetes':
      return new Login(http, headers, `auth/${auth.mount ?? 'kubernetes'}/login`, async () => ({
        role: auth.role,
        jwt: await secretIn(auth.tokenFile ?? SERVICE_ACCOUNT),
      }));
  }
}

class TokenFile implements TokenOrigin {
  readonly #path: string;
  #token = '';
  #mark = '';
  #lookedAt = -Infinity;

  constructor(path: string) {
    this.#path = path;
  }

  async token(): Promise<string> {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#token;
    try {
      const { mtimeMs, ino, size } = await stat(this.#path);
      const mark = `${mtimeMs} ${ino} ${size}`;
      if (mark !== this.#mark) this.#token = await secretIn(this.#path);
      this.#mark = mark;
      this.#lookedAt = now;
    } catch (error) {
      // While an agent replaces it, the one that is known may still be good.
      if (this.#token === '') throw error instanceof Fault ? error : unreadableSecret(error);
    }
    return this.#token;
  }

  refused(): void {
    this.#lookedAt = -Infinity;
    this.#mark = '';
  }
}

class Login implements TokenOrigin {
  readonly #http: HttpJson;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #path: string;
  readonly #credentials: () => Promise<unknown>;
  #token: Promise<string> | undefined;
  #current: string | undefined;

  constructor(
    http: HttpJson,
    headers: Readonly<Record<string, string>>,
    path: string,
    credentials: () => Promise<unknown>,
  ) {
    this.#http = http;
    this.#headers = headers;
    this.#path = path;
    this.#credentials = credentials;
  }

  token(): Promise<string> {
    this.#token ??= this.#logIn().catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return this.#token;
  }

  refused(token: string): void {
    if (token === this.#current) this.#token = undefined;
  }

  async #logIn(): Promise<string> {
    const call = { method: 'POST', path: this.#path, headers: this.#headers, body: await this.#credentials() } as const;
    const { status, body } = await this.#http.call(call);
    if (status === 400 || status === 401 || status === 403) throw refusedToken();
    if (status >= 300) throw refusedRequest(status);
    const token = (body as { auth?: { client_token?: unknown } } | undefined)?.auth?.client_token;
    if (typeof token !== 'string') throw unexpectedAnswer();
    this.#current = token;
    return token;
  }
}

async function secretIn(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw unreadableSecret(error);
  }
}
