import type { TokenIdentity } from './caller.ts';

/** Why a token counts for nothing; the client is told only that it does. */
export interface InvalidToken {
  readonly invalid: true;
}

/**
 * Tells who carries an access token. Answers at once when it has met the token before, else with a promise.
 * Errors: `Fault` `identity-unavailable` (retryable) when the issuer's keys cannot be had.
 */
export interface TokenVerifier {
  verify(token: string): TokenIdentity | InvalidToken | Promise<TokenIdentity | InvalidToken>;
}
