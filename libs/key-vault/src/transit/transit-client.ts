import { HttpJson, type Answer, type Call, type HttpJsonOptions } from './http-json.ts';
import { TokenRenewal, type TokenLife } from './token-renewal.ts';
import { tokenOrigin, type TokenOrigin, type TransitAuth } from './token.ts';
import { refusedToken } from './transit-fault.ts';

export interface TransitClientOptions extends HttpJsonOptions {
  readonly auth: TransitAuth;
  /** Enterprise namespaces (`X-Vault-Namespace`). */
  readonly namespace?: string;
}

/** Calls with a token that is kept alive, replaced when its file changes, and asked for again when it is refused. */
export class TransitClient {
  readonly #http: HttpJson;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #tokens: TokenOrigin;
  readonly #renewal: TokenRenewal;
  /** The token whose life is watched. */
  #watched: string | undefined;

  constructor(options: TransitClientOptions) {
    this.#http = new HttpJson(options);
    this.#headers = options.namespace === undefined ? {} : { 'x-vault-namespace': options.namespace };
    this.#tokens = tokenOrigin(options.auth, this.#http, this.#headers);
    this.#renewal = new TokenRenewal({
      ask: (what) => this.#ask(what),
      spent: () => this.#tokens.refused(this.#watched ?? ''),
    });
  }

  /** The answer, whatever its status but 401, 403, 429 and 5xx. Throws `Fault` `vault-unavailable`, `overloaded`. */
  async call(call: Omit<Call, 'headers'>): Promise<Answer> {
    const token = await this.#token();
    const answer = await this.#with(token, call);
    if (!isRefusal(answer)) return answer;
    this.#tokens.refused(token);
    const next = await this.#token();
    const again = next === token ? answer : await this.#with(next, call);
    if (isRefusal(again)) throw refusedToken();
    return again;
  }

  close(): void {
    this.#renewal.stop();
    this.#http.close();
  }

  async #token(): Promise<string> {
    const token = await this.#tokens.token();
    if (token !== this.#watched) {
      this.#watched = token;
      void this.#renewal.watch();
    }
    return token;
  }

  #with(token: string, call: Omit<Call, 'headers'>): Promise<Answer> {
    return this.#http.call({ ...call, headers: { ...this.#headers, 'x-vault-token': token } });
  }

  async #ask(what: 'lookup-self' | 'renew-self'): Promise<TokenLife | undefined> {
    const token = await this.#token();
    const call = what === 'renew-self' ? ({ method: 'POST', body: {} } as const) : ({ method: 'GET' } as const);
    const { status, body } = await this.#with(token, { ...call, path: `auth/token/${what}` });
    if (status !== 200) return undefined;
    const { data, auth } = body as { data?: Record<string, unknown> | null; auth?: Record<string, unknown> | null };
    const ttl = Number(data?.ttl ?? auth?.lease_duration ?? 0);
    return { ttl, renewable: (data?.renewable ?? auth?.renewable) === true };
  }
}

const isRefusal = ({ status }: Answer): boolean => status === 401 || status === 403;
