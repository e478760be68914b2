import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, type FaultCode } from '@anamnesis/kernel';
import { currentTraceparent, FAULT_PROBLEMS, traceHttp } from '@anamnesis/service';
import { errors, Pool } from 'undici';

export interface PeerOptions {
  /** Of each instance; requests go round. */
  readonly addresses: readonly string[];
  /** The own service account's access token. */
  readonly token: () => Promise<string>;
  /** Connections to each instance; default 32. */
  readonly connections?: number;
  /** How long one answer may take, in milliseconds; default 120,000: what takes long bounds itself. */
  readonly answerMs?: number;
  /** How long other instances, and this one again, are tried when one does not answer; default 5,000. */
  readonly patienceMs?: number;
}

export interface Question {
  /** Names what is asked; ids are in the body, so that no trace tells them. */
  readonly path: string;
  /** JSON text. */
  readonly body: string;
  /** The request's id, so that all logs know it by one. */
  readonly correlation?: string;
}

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;
/** Nobody was there, or left before the answer. Questions between services change nothing, so they are asked again. */
const GONE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

interface Instance {
  readonly address: string;
  readonly pool: Pool;
}

/** Another service of the record, as many instances as it has. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #pools: readonly Instance[];
  #turn = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { connections = 32, answerMs = 120_000 } = options;
    const settings = { connections, headersTimeout: answerMs, bodyTimeout: answerMs, connect: { timeout: 2_000 } };
    this.#pools = options.addresses.map((address) => ({ address, pool: new Pool(address, settings) }));
  }

  /**
   * The answer's JSON value. Throws `Fault`: what the other service failed with, or `service-unavailable` (retryable)
   * when no instance answered in time.
   */
  async ask<T>(question: Question): Promise<T> {
    const until = performance.now() + (this.#options.patienceMs ?? 5_000);
    let resent = 0;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      for (let tried = 0; tried < this.#pools.length; tried += 1) {
        const { address, pool } = this.#pools[this.#turn++ % this.#pools.length]!;
        const call = { method: 'POST', template: question.path, address, resent: resent++ };
        const answer = await traceHttp(call, (answered) => this.#once<T>(pool, question, answered));
        if (answer !== GONE) return answer as T;
      }
      if (performance.now() + pause > until) {
        throw new Fault('service-unavailable', 'A service of the record does not answer.', { retryable: true });
      }
      await sleep(pause);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map(({ pool }) => pool.destroy()));
  }

  async #once<T>(
    pool: Pool,
    { path, body, correlation }: Question,
    answered: (status: number) => void,
  ): Promise<T | typeof GONE> {
    const traceparent = currentTraceparent();
    const headers = {
      authorization: `Bearer ${await this.#options.token()}`,
      'content-type': 'application/json',
      ...(correlation !== undefined && { 'x-request-id': correlation }),
      ...(traceparent !== undefined && { traceparent }),
    };
    try {
      const { statusCode, body: answer } = await pool.request({ method: 'POST', path, headers, body });
      answered(statusCode);
      if (statusCode < 300) return (statusCode === 204 ? (await answer.dump(), undefined) : await answer.json()) as T;
      const problem = (await answer.json().catch(() => ({}))) as { code?: unknown };
      if (problem.code === 'stopping') return GONE;
      throw faultOf(problem.code);
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
        throw new Fault('service-unavailable', 'A service of the record does not answer.', { retryable: true });
      }
      const { code } = error as { code?: unknown };
      if (typeof code === 'string' && GONE.has(code)) return GONE;
      throw error;
    }
  }
}

/** A fault crosses HTTP by its code; anything else that was refused is a mistake between the services. */
function faultOf(code: unknown): Error {
  if (typeof code === 'string' && code in FAULT_PROBLEMS) {
    const { title, retryAfter } = FAULT_PROBLEMS[code as FaultCode];
    return new Fault(code as FaultCode, title, { retryable: retryAfter !== undefined });
  }
  const known = typeof code === 'string' && /^[a-z-]{1,40}$/.test(code) ? code : 'no problem document';
  return new Error(`a service refused what another one asked: ${known}`);
}
