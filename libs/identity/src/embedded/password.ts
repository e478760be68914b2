import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** A password's scrypt hash (RFC 7914) with the parameters it was made with. */
export const PASSWORD_HASH = z.object({
  salt: z.string().min(16),
  hash: z.string().min(32),
  cost: z.number().int().min(2).max(1_048_576),
});

export type PasswordHash = z.infer<typeof PASSWORD_HASH>;

const COST = 32_768; // 32 MiB and about 60 ms
const LENGTH = 32;

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return { salt: salt.toString('base64url'), hash: hash.toString('base64url'), cost: COST };
}

export async function verifyPassword(password: string, { salt, hash, cost }: PasswordHash): Promise<boolean> {
  const derived = await derive(password, Buffer.from(salt, 'base64url'), cost);
  const expected = Buffer.from(hash, 'base64url');
  return derived.length === expected.length && timingSafeEqual(derived, expected);
}

function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: cost, r: 8, p: 1, maxmem: 256 * cost * 8 };
    // NFC: the same password typed on another keyboard is the same password (RFC 8265 section 4.2).
    scrypt(password.normalize('NFC'), salt, LENGTH, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
