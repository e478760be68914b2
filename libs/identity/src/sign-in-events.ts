export interface SignIn {
  /** The identity provider's subject; opaque. */
  readonly subject: string;
  readonly username: string;
  readonly clientId: string;
  /** The address it came from. */
  readonly from: string;
}

export interface SignInFailure {
  /** Only of a user that exists: what else was typed may be a password in the wrong field. */
  readonly username?: string;
  readonly clientId: string;
  readonly reason: 'wrong-password' | 'unknown-user' | 'locked';
  readonly from: string;
}

/** Told of sign-ins and their failures before they are answered, so that the audit log has them. */
export interface SignInEvents {
  signedIn(event: SignIn): Promise<void>;
  signInFailed(event: SignInFailure): Promise<void>;
}
