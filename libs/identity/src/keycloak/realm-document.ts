/** As much of Keycloak's RealmRepresentation as our realm says. */
export interface RealmDocument {
  readonly realm: string;
  readonly clients: readonly ClientDocument[];
  readonly users: readonly UserDocument[];
  readonly [setting: string]: unknown;
}

export interface ClientDocument {
  readonly clientId: string;
  readonly name: string;
  readonly publicClient: boolean;
  readonly secret?: string;
  readonly redirectUris?: readonly string[];
  readonly webOrigins?: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly [setting: string]: unknown;
}

export interface UserDocument {
  readonly username: string;
  readonly enabled: boolean;
  readonly serviceAccountClientId?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly realmRoles?: readonly string[];
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>;
  readonly credentials?: readonly CredentialDocument[];
}

export type CredentialDocument =
  | { readonly type: 'password'; readonly value: string; readonly temporary: boolean }
  | { readonly type: 'otp'; readonly userLabel: string; readonly secretData: string; readonly credentialData: string };
