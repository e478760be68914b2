import type { Log } from '@anamnesis/service';
import { errors, jwtVerify } from 'jose';
import GrantManager from 'keycloak-connect/middleware/auth-utils/grant-manager.js';
import Token from 'keycloak-connect/middleware/auth-utils/token.js';
import type { TokenIdentity } from '../caller.ts';
import { AUDIENCE, REALM } from '../realm-names.ts';
import { tokenIdentity } from '../token-identity.ts';
import type { InvalidToken, TokenVerifier } from '../token-verifier.ts';
import { VerifiedTokens } from '../verified-tokens.ts';
import { type RealmKey, RealmKeys } from './realm-keys.ts';
import { type KnownToken, SessionWatch } from './session-watch.ts';
import { type UnverifiedToken, unverifiedToken } from './unverified-token.ts';

export interface KeycloakTokenVerifierOptions {
  /** Where Keycloak is reached; need not be its public address. */
  readonly keycloakUrl: string;
  /** What `iss` must be; asked for with each new token. */
  readonly issuer: () => string;
  /** Default: `anamnesis-gateway`. */
  readonly audience?: string;
  /** Default: `anamnesis`. */
  readonly realm?: string;
  /**
   * The secret of the audience's own client, where ended sessions and disabled people are to be found out. Only that
   * client is told: a service that takes services' tokens alone leaves it out.
   */
  readonly clientSecret?: string;
  /** Milliseconds between two looks at the keys, and at a session in use; what was revoked counts twice that at most. */
  readonly interval?: number;
  readonly log?: Log;
  readonly now?: () => number;
  /** The most verified tokens to remember. */
  readonly capacity?: number;
}

const INVALID: InvalidToken = { invalid: true };
const LONGEST_TOKEN = 8_192;
const INTERVAL_MS = 30_000;
/** Milliseconds that Keycloak's clock and ours may differ. */
const SKEW_MS = 60_000;

/**
 * Verifies access tokens of a Keycloak realm here, with the realm's keys as they rotate, and follows in the background
 * what Keycloak thinks of their sessions. While Keycloak is away, tokens that verify here go on to count.
 */
export class KeycloakTokenVerifier implements TokenVerifier {
  readonly #options: KeycloakTokenVerifierOptions;
  readonly #audience: string;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  readonly #verified: VerifiedTokens<KnownToken>;
  readonly #keys: RealmKeys;
  readonly #sessions: SessionWatch | undefined;

  constructor(options: KeycloakTokenVerifierOptions) {
    const { keycloakUrl, realm = REALM, clientSecret, interval = INTERVAL_MS, audience = AUDIENCE } = options;
    const openId = `${keycloakUrl}/realms/${realm}/protocol/openid-connect`;
    const now = options.now ?? Date.now;
    const { signal } = this.#closing;
    this.#options = options;
    this.#audience = audience;
    this.#now = now;
    this.#verified = new VerifiedTokens(options.capacity);
    this.#keys = new RealmKeys({
      url: `${openId}/certs`,
      now,
      refreshAfter: interval,
      staleAfter: 2 * interval,
      signal,
    });
    if (clientSecret === undefined) return;
    this.#sessions = new SessionWatch({
      url: `${openId}/token/introspect`,
      clientId: audience,
      clientSecret,
      now,
      askAfter: interval,
      trustFor: 2 * interval,
      log: options.log,
      signal,
    });
  }

  /** Fetches the keys ahead of the first token. Throws `Fault` `identity-unavailable`. */
  ready(): Promise<void> {
    return this.#keys.load();
  }

  close(): void {
    this.#closing.abort();
  }

  verify(token: string): TokenIdentity | InvalidToken | Promise<TokenIdentity | InvalidToken> {
    if (token.length > LONGEST_TOKEN) return INVALID;
    const known = this.#verified.get(token, this.#now());
    return known === undefined ? this.#meet(token) : this.#admit(token, known);
  }

  async #meet(token: string): Promise<TokenIdentity | InvalidToken> {
    const unverified = unverifiedToken(token);
    if (unverified === undefined || !this.#fits(unverified)) return INVALID;
    const { kid, alg } = unverified.header;
    const key = await this.#keys.key(kid);
    if (key?.alg !== alg || !(await this.#isSigned(token, key))) return INVALID;
    const identity = tokenIdentity(unverified.claims);
    if (identity === undefined) return INVALID;
    const issuedAt = unverified.claims.iat * 1_000;
    const known = { identity, kid, issuedAt, expiresAt: identity.expiresAt + SKEW_MS, refused: false };
    this.#verified.add(token, known);
    return this.#admit(token, known);
  }

  #admit(token: string, known: KnownToken): TokenIdentity | InvalidToken | Promise<TokenIdentity | InvalidToken> {
    const key = this.#keys.standing(known.kid);
    if (key === false) return INVALID;
    const session = this.#sessions?.standing(token, known) ?? true;
    if (typeof key === 'boolean' && typeof session === 'boolean') return session ? known.identity : INVALID;
    return Promise.all([key, session]).then((stand) => (stand.every(Boolean) ? known.identity : INVALID));
  }

  /** What is plain from the claims, before keys are fetched for a stranger; the libraries ask most of it again. */
  #fits({ claims }: UnverifiedToken): boolean {
    const now = this.#now();
    const { iss, aud, exp, iat, nbf = 0 } = claims;
    const begun = Math.max(iat, nbf) * 1_000 <= now + SKEW_MS;
    const lasts = exp * 1_000 + SKEW_MS > now;
    return begun && lasts && iss === this.#options.issuer() && [aud].flat().includes(this.#audience);
  }

  /** keycloak-connect knows RS256 alone; it would take any other `alg` for that. */
  async #isSigned(token: string, { alg, key }: RealmKey): Promise<boolean> {
    if (alg === 'RS256') return this.#grantsRs256(token, key);
    try {
      await jwtVerify(token, key, {
        algorithms: [alg],
        issuer: this.#options.issuer(),
        audience: this.#audience,
        clockTolerance: SKEW_MS / 1_000,
        currentDate: new Date(this.#now()),
      });
      return true;
    } catch (error) {
      if (error instanceof errors.JOSEError) return false;
      throw error;
    }
  }

  async #grantsRs256(token: string, key: RealmKey['key']): Promise<boolean> {
    const manager = new GrantManager({
      realmUrl: this.#options.issuer(),
      clientId: this.#audience,
      verifyTokenAudience: true,
      publicKey: key,
      bearerOnly: true,
    });
    const now = this.#now();
    try {
      await manager.validateToken(new SkewedToken(token, now), 'Bearer');
      return true;
    } catch {
      return false; // it tells all reasons by Error alone; the keys came from us, so none is Keycloak's absence
    }
  }
}

/** keycloak-connect allows for no difference of clocks. */
class SkewedToken extends Token {
  readonly #now: number;

  constructor(token: string, now: number) {
    super(token);
    this.#now = now;
  }

  override isExpired(): boolean {
    const { exp } = this.content;
    return typeof exp !== 'number' || exp * 1_000 + SKEW_MS <= this.#now;
  }
}
