import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import type { TokenIdentity } from './caller.ts';
import { tokenIdentity } from './token-identity.ts';
import type { InvalidToken, TokenVerifier } from './token-verifier.ts';
import { VerifiedTokens } from './verified-tokens.ts';

export interface LocalTokenVerifierOptions {
  /** The issuer's public keys. */
  readonly keys: JSONWebKeySet;
  /** What `iss` must be. Asked for with each new token: a service on a free port learns its address late. */
  readonly issuer: () => string;
  /** What `aud` must contain. */
  readonly audience: string;
  readonly now?: () => number;
  /** The most verified tokens to remember. */
  readonly capacity?: number;
}

const INVALID: InvalidToken = { invalid: true };
const LONGEST_TOKEN = 8_192;

/** Verifies RS256 access tokens of Keycloak's shape (RFC 7519, RFC 9068) with keys at hand. */
export class LocalTokenVerifier implements TokenVerifier {
  readonly #options: LocalTokenVerifierOptions;
  readonly #key: ReturnType<typeof createLocalJWKSet>;
  readonly #verified: VerifiedTokens;
  readonly #now: () => number;

  constructor(options: LocalTokenVerifierOptions) {
    this.#options = options;
    this.#key = createLocalJWKSet(options.keys);
    this.#verified = new VerifiedTokens(options.capacity);
    this.#now = options.now ?? Date.now;
  }

  verify(token: string): TokenIdentity | InvalidToken | Promise<TokenIdentity | InvalidToken> {
    if (token.length > LONGEST_TOKEN) return INVALID;
    return this.#verified.get(token, this.#now()) ?? this.#check(token);
  }

  async #check(token: string): Promise<TokenIdentity | InvalidToken> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['RS256'],
        issuer: this.#options.issuer(),
        audience: this.#options.audience,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.#now()),
      });
      const identity = tokenIdentity(payload);
      if (identity === undefined) return INVALID;
      this.#verified.add(token, identity);
      return identity;
    } catch (error) {
      if (error instanceof errors.JOSEError) return INVALID;
      throw error;
    }
  }
}
