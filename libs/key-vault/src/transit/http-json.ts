import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@anamnesis/kernel';
import { noAnswer, plainHttp, unexpectedAnswer } from './transit-fault.ts';

export interface HttpJsonOptions {
  /** `https://host:8200`; plain http only to this machine itself. */
  readonly address: string;
  /** PEM; what the system trusts when not given. */
  readonly ca?: string;
  /** Milliseconds for a call with all its repetitions. */
  readonly timeoutMs: number;
  /** The most requests under way at once; more wait for their turn. */
  readonly atOnce: number;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Below `/v1/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  /** The parsed body; undefined where there is none. */
  readonly body: unknown;
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** A standby that is behind, too many requests; and 5xx: sealed, not active, or broken. */
const AGAIN = new Set([412, 429]);
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_WAITING = 1_000;
const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 100;

/** JSON over HTTP to one server: bounded in time, in number and in size; repeats what the server did not answer. */
export class HttpJson {
  readonly #base: URL;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #timeoutMs: number;
  #waiting = 0;

  /** Throws `Fault` `vault-unavailable` where the address would carry keys in the clear. */
  constructor({ address, ca, timeoutMs, atOnce }: HttpJsonOptions) {
    this.#base = new URL('/v1/', address);
    const secure = this.#base.protocol === 'https:';
    if (!secure && !LOOPBACK.has(this.#base.hostname)) throw plainHttp();
    const options = { keepAlive: true, maxSockets: atOnce };
    this.#agent = secure ? new HttpsAgent({ ...options, ...(ca !== undefined && { ca }) }) : new HttpAgent(options);
    this.#timeoutMs = timeoutMs;
  }

  /** Throws `Fault` `vault-unavailable` (retryable) when there is no answer in time, `overloaded`. */
  async call(call: Call): Promise<Answer> {
    if (this.#waiting >= MOST_WAITING) {
      throw new Fault('overloaded', 'Too many keys are asked for at once.', { retryable: true });
    }
    this.#waiting++;
    try {
      return await this.#repeat(call, AbortSignal.timeout(this.#timeoutMs));
    } finally {
      this.#waiting--;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #repeat(call: Call, signal: AbortSignal): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#once(call, signal);
        if (!AGAIN.has(answer.status) && answer.status < 500) return answer;
        if (tries === MOST_TRIES) throw noAnswer({ code: `HTTP ${answer.status}` });
      } catch (error) {
        if (error instanceof Fault) throw error;
        if (tries === MOST_TRIES || signal.aborted) throw noAnswer(error);
      }
      const wait = FIRST_PAUSE_MS * 3 ** (tries - 1) * (0.5 + Math.random());
      await pause(wait, undefined, { signal }).catch((error: unknown) => {
        throw noAnswer(error);
      });
    }
  }

  #once({ method, path, headers, body }: Call, signal: AbortSignal): Promise<Answer> {
    const url = new URL(path, this.#base);
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, agent: this.#agent, signal, headers: { ...headers } }, (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('error', reject);
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MOST_BYTES) incoming.destroy(unexpectedAnswer());
          else chunks.push(chunk);
        });
        incoming.on('end', () => {
          const text = Buffer.concat(chunks);
          for (const chunk of chunks) chunk.fill(0);
          try {
            resolve({ status: incoming.statusCode!, body: parsed(text) });
          } catch (error) {
            reject(error as Error);
          }
          text.fill(0);
        });
      });
      outgoing.on('error', reject);
      if (body === undefined) return outgoing.end();
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify(body));
    });
  }
}

function parsed(text: Buffer): unknown {
  if (text.length === 0) return undefined;
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    // A proxy's page; a parser's message would quote it.
    throw unexpectedAnswer();
  }
}
