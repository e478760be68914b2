import { Fault } from '@anamnesis/kernel';
import type { Log } from '@anamnesis/service';
import type { TokenIdentity } from '../caller.ts';
import { askKeycloak, basicAuthorization } from './ask-keycloak.ts';

/** A token whose signature was checked, and what is known of it since. */
export interface KnownToken {
  readonly identity: TokenIdentity;
  readonly kid: string;
  /** Milliseconds since the epoch, by Keycloak's clock. */
  readonly issuedAt: number;
  /** Until when it is taken, clock skew included. */
  readonly expiresAt: number;
  /** Keycloak said that it no longer counts. */
  refused: boolean;
}

export interface SessionWatchOptions {
  /** The realm's introspection endpoint (RFC 7662). */
  readonly url: string;
  /** Keycloak tells a token's state only to a client that is in the token's audience. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly now: () => number;
  /** Milliseconds after which a session in use is asked for again, in the background. */
  readonly askAfter: number;
  /** Milliseconds after which it is asked for before the request goes on. */
  readonly trustFor: number;
  readonly log: Log | undefined;
  readonly signal: AbortSignal;
}

const MOST_ASKING = 16;
const MOST_WAITING = 1_000;
const MOST_SESSIONS = 10_000;
const TIMEOUT_MS = 2_000;
/** Keycloak was away: not asked again so soon. */
const REST_MS = 2_000;

/**
 * Finds out sessions that were ended and people who were disabled, by asking Keycloak what it thinks of their tokens.
 * A token proves its session at the moment it was issued, an answer at the moment it was asked for. A Keycloak that
 * does not answer ends nobody's session.
 */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  /** When each session was last proven; the one longest unproven makes room. */
  readonly #proven = new Map<string, number>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  /** When Keycloak may be asked again, since it did not answer; until it has, nobody waits for it. */
  #retryAt: number | undefined;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
  }

  /** Whether the token still counts. Throws `overloaded` when too many sessions wait to be asked for. */
  standing(token: string, known: KnownToken): boolean | Promise<boolean> {
    if (known.refused) return false;
    const { now, askAfter, trustFor } = this.#options;
    const { sessionId, clientId, subject } = known.identity;
    const session = sessionId ?? `${clientId} ${subject}`;
    const time = now();
    const age = time - Math.max(Math.min(known.issuedAt, time), this.#proven.get(session) ?? 0);
    if (age < askAfter || time < (this.#retryAt ?? 0)) return true;
    if (age >= trustFor && this.#retryAt === undefined) {
      return this.#ask(session, token, known).then(() => !known.refused);
    }
    if (this.#busy < MOST_ASKING) void this.#ask(session, token, known).catch(() => undefined);
    return true;
  }

  #ask(session: string, token: string, known: KnownToken): Promise<void> {
    let asking = this.#asking.get(session);
    if (asking === undefined) {
      asking = this.#introspect(session, token, known).finally(() => this.#asking.delete(session));
      this.#asking.set(session, asking);
    }
    return asking;
  }

  async #introspect(session: string, token: string, known: KnownToken): Promise<void> {
    await this.#turn();
    const asked = this.#options.now();
    try {
      // Whoever waited for a turn meanwhile found out that Keycloak is away.
      if (asked < (this.#retryAt ?? 0)) return;
      known.refused = !(await this.#isActive(token));
      this.#retryAt = undefined;
      if (known.refused) this.#proven.delete(session);
      else this.#prove(session, asked);
    } catch (error) {
      this.#retryAt = this.#options.now() + REST_MS;
      this.#options.log?.warn('sessions cannot be asked for: tokens count until they expire', { error });
    } finally {
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #isActive(token: string): Promise<boolean> {
    const { url, clientId, clientSecret, signal } = this.#options;
    const headers = { authorization: basicAuthorization(clientId, clientSecret) };
    const { status, body } = await askKeycloak(url, { headers, form: { token }, timeout: TIMEOUT_MS, signal });
    const active = typeof body === 'object' && body !== null && 'active' in body ? body.active : undefined;
    if (status === 200 && typeof active === 'boolean') return active;
    throw new Fault('identity-unavailable', 'Keycloak does not tell this client of sessions', { retryable: true });
  }

  #prove(session: string, at: number): void {
    this.#proven.delete(session);
    if (this.#proven.size >= MOST_SESSIONS) this.#proven.delete(this.#proven.keys().next().value!);
    this.#proven.set(session, at);
  }

  /** Waits until fewer than the most are asking. */
  async #turn(): Promise<void> {
    if (this.#busy >= MOST_ASKING) {
      if (this.#waiting.length >= MOST_WAITING) {
        throw new Fault('overloaded', 'too many sessions wait to be asked for', { retryable: true });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busy += 1;
  }
}
