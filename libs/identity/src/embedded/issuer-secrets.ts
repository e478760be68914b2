import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { JSONWebKeySet, JWK } from 'jose';
import { z } from 'zod';
import type { SecretFiles } from './secret-files.ts';

const RSA_PRIVATE_JWK = z.looseObject({
  kty: z.literal('RSA'),
  kid: z.string().min(1),
  alg: z.literal('RS256'),
  use: z.literal('sig'),
  n: z.string().min(1),
  e: z.string().min(1),
  d: z.string().min(1),
});

export const SIGNING_KEYS = z.object({ keys: z.array(RSA_PRIVATE_JWK).min(1) });
const COOKIE_KEYS = z.array(z.string().min(32)).min(1);
const CLIENT_SECRETS = z.object({ import: z.string().min(32) });

export type SigningKeys = z.infer<typeof SIGNING_KEYS>;

export interface IssuerSecrets {
  readonly signingKeys: SigningKeys;
  readonly cookieKeys: readonly string[];
  readonly clientSecrets: z.infer<typeof CLIENT_SECRETS>;
}

/** Reads the issuer's secrets; generates those that are not there yet. */
export async function issuerSecrets(files: SecretFiles): Promise<IssuerSecrets> {
  await files.makeFolder();
  const [signingKeys, cookieKeys, clientSecrets] = await Promise.all([
    files.kept('signing-keys.json', SIGNING_KEYS, makeSigningKeys),
    files.kept('cookie-keys.json', COOKIE_KEYS, () => [secret()]),
    files.kept('client-secrets.json', CLIENT_SECRETS, () => ({ import: secret() })),
  ]);
  return { signingKeys, cookieKeys, clientSecrets };
}

/** The keys without what must stay secret. */
export function publicKeys(keys: SigningKeys): JSONWebKeySet {
  return { keys: keys.keys.map(({ kty, kid, alg, use, n, e }): JWK => ({ kty, kid, alg, use, n, e })) };
}

async function makeSigningKeys(): Promise<SigningKeys> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
  return { keys: [RSA_PRIVATE_JWK.parse(jwk)] };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
