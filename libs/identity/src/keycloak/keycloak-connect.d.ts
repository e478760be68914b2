/** The two parts of keycloak-connect that work without Express; the package has no types for them. */
declare module 'keycloak-connect/middleware/auth-utils/grant-manager.js' {
  import type { KeyObject } from 'node:crypto';
  import type Token from 'keycloak-connect/middleware/auth-utils/token.js';

  export default class GrantManager {
    constructor(config: {
      /** What `iss` must be. */
      realmUrl: string;
      /** What `aud` must contain. */
      clientId: string;
      verifyTokenAudience: boolean;
      publicKey: KeyObject;
      bearerOnly: boolean;
    });
    /** Rejects for a token that is not valid; RS256 alone. */
    validateToken(token: Token, type: 'Bearer'): Promise<Token>;
  }
}

declare module 'keycloak-connect/middleware/auth-utils/token.js' {
  export default class Token {
    constructor(token: string);
    /** Unchecked until the token was validated. */
    readonly content: Readonly<Record<string, unknown>>;
    isExpired(): boolean;
  }
}
