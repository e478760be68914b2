import { Fault } from '@anamnesis/kernel';
import type { Log } from '@anamnesis/service';
import { z } from 'zod';
import { REALM } from '../realm-names.ts';
import { askKeycloak, basicAuthorization } from './ask-keycloak.ts';

export interface ServiceTokensOptions {
  readonly keycloakUrl: string;
  /** `serviceClient(name)` of the service that asks. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default: `anamnesis`. */
  readonly realm?: string;
  readonly log?: Log;
  readonly now?: () => number;
}

interface Held {
  readonly token: string;
  /** Milliseconds since the epoch, by our clock. */
  readonly expiresAt: number;
}

const ANSWER = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() });
/** A token is not handed out so shortly before it expires that it may do so on its way. */
const MARGIN_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * The access tokens of a service's own account (RFC 6749 section 4.4). One is kept, and renewed in the background from
 * half its life on, so that Keycloak may be away for the other half.
 */
export class ServiceTokens {
  readonly #options: ServiceTokensOptions;
  readonly #url: string;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #held: Held | undefined;
  #asking: Promise<Held> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryAfter = FIRST_RETRY_MS;

  constructor(options: ServiceTokensOptions) {
    this.#options = options;
    this.#url = `${options.keycloakUrl}/realms/${options.realm ?? REALM}/protocol/openid-connect/token`;
    this.#now = options.now ?? Date.now;
  }

  /** A token that is good for seconds at least. Throws `Fault` `identity-unavailable` when none is to be had. */
  token(): string | Promise<string> {
    const held = this.#held;
    if (held !== undefined && this.#now() < held.expiresAt - MARGIN_MS) return held.token;
    return this.#renewed().then(({ token }) => token);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  #renewed(): Promise<Held> {
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)));
  }

  async #ask(): Promise<Held> {
    const { clientId, clientSecret } = this.#options;
    const asked = this.#now();
    const { status, body } = await askKeycloak(this.#url, {
      headers: { authorization: basicAuthorization(clientId, clientSecret) },
      form: { grant_type: 'client_credentials' },
      signal: this.#closing.signal,
    });
    const answer = ANSWER.safeParse(body);
    if (status !== 200 || !answer.success) {
      throw new Fault('identity-unavailable', 'Keycloak gives this service no token', { retryable: status === 429 });
    }
    const life = answer.data.expires_in * 1_000;
    this.#held = { token: answer.data.access_token, expiresAt: asked + life };
    this.#retryAfter = FIRST_RETRY_MS;
    this.#renewIn(life / 2);
    return this.#held;
  }

  #renewIn(wait: number): void {
    clearTimeout(this.#timer);
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#renewInBackground(), wait).unref();
  }

  async #renewInBackground(): Promise<void> {
    try {
      await this.#renewed();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#options.log?.warn('the service’s token could not be renewed yet', { error });
      this.#renewIn(this.#retryAfter);
      this.#retryAfter = Math.min(LONGEST_RETRY_MS, 2 * this.#retryAfter);
    }
  }
}
