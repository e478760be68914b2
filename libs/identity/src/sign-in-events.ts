/** Of an event that the identity provider keeps itself; such a one may be told more than once. */
export interface KeptEvent {
  /** The identity provider's own id of the event. */
  readonly id?: string;
  /** When it happened, milliseconds since the epoch; without it, now. */
  readonly at?: number;
}

export interface SignIn extends KeptEvent {
  /** The identity provider's subject; opaque. */
  readonly subject: string;
  readonly username: string;
  readonly clientId: string;
  /** The address it came from. */
  readonly from: string;
}

export interface SignInFailure extends KeptEvent {
  /** Only of a user that exists: what else was typed may be a password in the wrong field. */
  readonly username?: string;
  readonly clientId: string;
  readonly reason: 'wrong-password' | 'unknown-user' | 'locked';
  readonly from: string;
}

/**
 * Told of sign-ins and their failures, so that the audit log has them: before they are answered where the issuer is our
 * own, else soon after.
 */
export interface SignInEvents {
  signedIn(event: SignIn): Promise<void>;
  signInFailed(event: SignInFailure): Promise<void>;
}
