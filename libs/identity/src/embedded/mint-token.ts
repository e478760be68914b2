import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import { AUDIENCE, CLIENTS } from '../realm-names.ts';
import { isRole, type Role } from '../roles.ts';
import { keycloakClaims } from './claims.ts';
import { SIGNING_KEYS } from './issuer-secrets.ts';
import { SecretFiles } from './secret-files.ts';
import { storedUsers } from './users.ts';

export const ISSUER_FILE = z.object({ issuer: z.url(), facilities: z.array(z.string()) });

export interface MintOptions {
  readonly dataFolder: string;
  /** A role, or the name of a user of the folder (`compliance-officer-2`). */
  readonly as: string;
  /** Milliseconds. */
  readonly ttl: number;
  /** Default: the issuer that last served the folder. */
  readonly issuer?: string;
}

export type Minted =
  | { readonly ok: true; readonly token: string; readonly expiresAt: number }
  | { readonly ok: false; readonly reason: 'no-keys' | 'no-issuer' | 'unknown-role' };

/**
 * Signs an access token with the folder's own key, for whoever may read that key anyway. `no-keys`: the folder has
 * never been served. Throws `Fault` `identity-unavailable` when the key file cannot be read.
 */
export async function mintToken(options: MintOptions): Promise<Minted> {
  const files = new SecretFiles(options.dataFolder);
  const keys = await files.read('signing-keys.json', SIGNING_KEYS);
  const key = keys?.keys[0];
  if (key === undefined) return { ok: false, reason: 'no-keys' };
  const served = await files.read('issuer.json', ISSUER_FILE);
  const issuer = options.issuer ?? served?.issuer;
  if (issuer === undefined) return { ok: false, reason: 'no-issuer' };
  const identity = await identityFor(options.as, files, served?.facilities ?? []);
  if (identity === undefined) return { ok: false, reason: 'unknown-role' };
  const now = Math.floor(Date.now() / 1_000);
  const expires = now + Math.floor(options.ttl / 1_000);
  const token = await new SignJWT(keycloakClaims({ ...identity, clientId: CLIENTS.cli, acr: 'aal1' }))
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'at+jwt' })
    .setSubject(identity.subject)
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(expires)
    .sign(await importJWK(key, 'RS256'));
  return { ok: true, token, expiresAt: expires * 1_000 };
}

interface MintedIdentity {
  readonly subject: string;
  readonly username: string;
  readonly roles: readonly Role[];
  readonly facilities: readonly string[];
}

async function identityFor(
  as: string,
  files: SecretFiles,
  facilities: readonly string[],
): Promise<MintedIdentity | undefined> {
  const user = (await storedUsers(files)).find(({ username }) => username === as);
  if (user !== undefined) return user;
  // A folder without demo users: the role stands for itself.
  return isRole(as) ? { subject: `local-${as}`, username: as, roles: [as], facilities } : undefined;
}
