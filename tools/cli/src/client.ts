import { Pool, type Dispatcher } from 'undici';
import { CommandError, EXIT, failed, unavailable } from './exit.ts';
import { explanation } from './explanation.ts';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds to the end of the answer; default 5 minutes. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** What a 404 means to whoever asked, instead of the record's own words. */
  readonly absent?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** An access token for the next call; `fresh` asks for a new one after a refusal. */
export type TokenSource = (fresh: boolean) => Promise<string | undefined>;

export interface ClientOptions {
  readonly url: string;
  readonly token: TokenSource;
  /** Sent as X-Purpose-Of-Use with each call. */
  readonly purpose?: string;
  readonly connections?: number;
}

const FIVE_MINUTES = 300_000;

/** HTTP to one record: keep-alive connections, a token on each call, the caller's own writes read back. */
export class Client {
  readonly url: string;
  readonly #pool: Pool;
  readonly #base: string;
  readonly #token: TokenSource;
  readonly #purpose: string | undefined;
  #position = 0;

  constructor(options: ClientOptions) {
    const url = new URL(options.url);
    this.url = url.href.replace(/\/$/, '');
    this.#base = url.pathname.replace(/\/$/, '');
    this.#pool = new Pool(url.origin, { connections: options.connections ?? 8, pipelining: 1 });
    this.#token = options.token;
    this.#purpose = options.purpose;
  }

  /** The highest position that an answer carried: what this caller has written or seen. */
  get position(): number {
    return this.#position;
  }

  /** Whatever the record answers. Throws only what the connection throws. */
  async call(path: string, call: Call = {}): Promise<Answer> {
    const response = await this.#send(path, call);
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text };
  }

  /** The JSON of a 2xx answer. Throws CommandError: `failed` on a refusal, `unavailable` when nobody answers. */
  async json<T>(path: string, call: Call = {}): Promise<T> {
    return JSON.parse(await this.text(path, call)) as T;
  }

  /** The text of a 2xx answer; throws as `json` does. */
  async text(path: string, call: Call = {}): Promise<string> {
    const answer = await this.#answered(() => this.call(path, call));
    if (answer.status === 404 && call.absent !== undefined) throw failed(call.absent);
    if (answer.status >= 300) throw refused(answer.status, answer.text);
    return answer.text;
  }

  /** The lines of a 2xx NDJSON answer as they come; throws as `json` does. */
  async *lines<T>(path: string, call: Call = {}): AsyncGenerator<T> {
    const response = await this.#answered(() => this.#send(path, { timeout: 0, ...call }));
    if (response.statusCode >= 300) throw refused(response.statusCode, await response.body.text());
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
      }
    } catch (error) {
      if (error instanceof SyntaxError) throw failed('The record answered with a line that is no JSON');
      throw unreachable(this.url, error);
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** For an interrupted command: what is under way is given up. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  async #send(path: string, call: Call): Promise<Dispatcher.ResponseData> {
    const response = await this.#dispatch(path, call, await this.#token(false));
    if (response.statusCode !== 401) return response;
    const token = await this.#token(true); // it may have run out on the way
    if (token === undefined) return response;
    await response.body.dump();
    return this.#dispatch(path, call, token);
  }

  async #dispatch(path: string, call: Call, token: string | undefined): Promise<Dispatcher.ResponseData> {
    const timeout = call.timeout ?? FIVE_MINUTES;
    const response = await this.#pool.request({
      path: this.#base + path,
      method: call.method ?? 'GET',
      body: call.body ?? null,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(this.#purpose === undefined ? {} : { 'x-purpose-of-use': this.#purpose }),
        ...(call.headers ?? {}),
      },
    });
    const position = Number(response.headers['x-anamnesis-position']);
    if (position > this.#position) this.#position = position;
    return response;
  }

  async #answered<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw unreachable(this.url, error);
    }
  }
}

/**
 * The path and query of a link that the record gave, to be asked of the record again: whatever host the link names (a
 * proxy's public one, say), nothing is ever sent to another.
 */
export function linkPath(link: string): string {
  const url = new URL(link, 'http://record.invalid');
  const at = url.pathname.indexOf('/fhir');
  if (at < 0) throw failed('The record linked to a page that is not its own; it was not followed');
  return url.pathname.slice(at) + url.search;
}

export function unreachable(url: string, cause: unknown): CommandError {
  return unavailable(`The record at ${url} does not answer`, cause);
}

export function refused(status: number, text: string): CommandError {
  const exit = status === 429 || status >= 502 ? EXIT.unavailable : EXIT.failed;
  return new CommandError(exit, `The record answered ${status}: ${explanation(text)}`);
}
