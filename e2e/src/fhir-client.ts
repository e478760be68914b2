/** A resource as far as most checks look into it. */
export interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  readonly [element: string]: unknown;
}

export interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
  readonly search?: { readonly mode: string };
  readonly request?: { readonly method: string; readonly url: string };
  readonly response?: {
    readonly status: string;
    readonly location?: string;
    readonly etag?: string;
    readonly outcome?: unknown;
  };
}

export interface Bundle {
  readonly resourceType: 'Bundle';
  readonly type: string;
  readonly total?: number;
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly Entry[];
}

export interface Answer<T = Resource> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed text; undefined when there is none or it is no JSON. */
  readonly body: T;
}

type Headed = Readonly<Record<string, string>>;

/** The last position that any answer told, by the record's address. */
const lastTold = new Map<string, number>();

/** One person's way to the FHIR endpoint. Paths are relative to it, or whole addresses. */
export class FhirClient {
  readonly base: string;
  readonly #token: string | undefined;
  readonly #headers: Headed;

  constructor(base: string, token: string | undefined, headers: Headed = {}) {
    this.base = base;
    this.#token = token;
    this.#headers = headers;
  }

  /** The same person with other headers on every request. */
  with(headers: Headed): FhirClient {
    return new FhirClient(this.base, this.#token, { ...this.#headers, ...headers });
  }

  async send<T = Resource>(
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers: Headed = {},
  ): Promise<Answer<T>> {
    const answer = await fetch(/^https?:/.test(path) ? path : `${this.base}/${path}`, {
      method,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
        ...this.#headers,
        ...headers,
      },
      redirect: 'manual',
      ...(body !== undefined && { body: body as string }),
    });
    const text = await answer.text();
    const { origin } = new URL(this.base);
    const position = Number(answer.headers.get('x-anamnesis-position') ?? 0);
    if (position > (lastTold.get(origin) ?? 0)) lastTold.set(origin, position);
    return { status: answer.status, headers: answer.headers, text, body: parsed(text) as T };
  }

  get<T = Resource>(path: string, headers?: Headed): Promise<Answer<T>> {
    return this.send<T>('GET', path, undefined, headers);
  }

  search(path: string, headers?: Headed): Promise<Answer<Bundle>> {
    return this.send<Bundle>('GET', path, undefined, headers);
  }

  /** A search that finds what anybody here was told to be written; people find at once only what they wrote. */
  searchAll(path: string, headers?: Headed): Promise<Answer<Bundle>> {
    const least = String(lastTold.get(new URL(this.base).origin) ?? 0);
    return this.search(path, { 'x-anamnesis-min-position': least, ...headers });
  }

  post<T = Resource>(path: string, resource: object | string, headers?: Headed): Promise<Answer<T>> {
    return this.send<T>('POST', path, textOf(resource), headers);
  }

  put<T = Resource>(path: string, resource: object | string, headers?: Headed): Promise<Answer<T>> {
    return this.send<T>('PUT', path, textOf(resource), headers);
  }

  patch<T = Resource>(path: string, operations: object | string, headers?: Headed): Promise<Answer<T>> {
    const typed = { 'content-type': 'application/json-patch+json', ...headers };
    return this.send<T>('PATCH', path, textOf(operations), typed);
  }

  delete<T = Resource>(path: string, headers?: Headed): Promise<Answer<T>> {
    return this.send<T>('DELETE', path, undefined, headers);
  }

  bundle(bundle: object | string, headers?: Headed): Promise<Answer<Bundle>> {
    return this.send<Bundle>('POST', '', textOf(bundle), headers);
  }
}

const textOf = (value: object | string): string => (typeof value === 'string' ? value : JSON.stringify(value));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
