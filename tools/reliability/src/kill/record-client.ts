import { Agent, request as send } from 'node:http';

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root: `/fhir/Patient`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The request was not answered whole: the process died, or was not there. Whether it took effect is not known. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/** The record asks to come again later, in so many words or by when. */
const LATER = new Set([429, 503, 504]);

export function asksLater({ status, headers }: Pick<Answer, 'status' | 'headers'>): boolean {
  return LATER.has(status) || headers['retry-after'] !== undefined;
}

/** Whose token a request carries. Each session is one person's: the record shows it its own writes at once. */
export type TokenSource = (role: string, session: number) => Promise<string>;

const TIMEOUT_MS = 60_000;

/** Speaks to the record at one address. */
export class RecordClient {
  readonly #url: URL;
  readonly #tokens: TokenSource;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(url: string, tokens: TokenSource) {
    this.#url = new URL(url);
    this.#tokens = tokens;
  }

  /** Throws `Unanswered`. */
  async ask(role: string, asked: Asked, session = 0): Promise<Answer> {
    const authorization = `Bearer ${await this.#tokens(role, session)}`;
    return new Promise<Answer>((resolve, reject) => {
      const unanswered = (cause: unknown): void => reject(new Unanswered('no answer', { cause }));
      const request = send(
        {
          agent: this.#agent,
          host: this.#url.hostname,
          port: this.#url.port,
          method: asked.method,
          path: asked.path,
          timeout: TIMEOUT_MS,
          headers: { accept: 'application/fhir+json', authorization, ...asked.headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', unanswered);
          response.on('close', () => {
            if (!response.complete) return unanswered(undefined);
            const { statusCode: status = 0, headers } = response;
            resolve({ status, headers, text: Buffer.concat(chunks).toString('utf8') });
          });
        },
      );
      request.on('timeout', () => request.destroy(new Error('timeout')));
      request.on('error', unanswered);
      request.end(asked.body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
