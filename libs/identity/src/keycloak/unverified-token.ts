import { z } from 'zod';
import { ALGORITHMS } from './realm-keys.ts';

const HEADER = z.looseObject({ alg: z.enum(ALGORITHMS), kid: z.string().min(1).max(255) });

/** Seconds since the epoch (RFC 7519 section 2). */
const MOMENT = z.number().min(0).max(1e11);

const CLAIMS = z.looseObject({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string()).max(100)]),
  sub: z.string().min(1),
  exp: MOMENT,
  iat: MOMENT,
  nbf: MOMENT.optional(),
});

export interface UnverifiedToken {
  readonly header: z.infer<typeof HEADER>;
  readonly claims: z.infer<typeof CLAIMS>;
}

const PART = /^[A-Za-z0-9_-]+$/;

/**
 * What a token claims, in the shape that an access token of the realm has; undefined for whatever has not. Nothing of
 * it is to be believed yet, but the libraries that check it are spared shapes they do not expect.
 */
export function unverifiedToken(token: string): UnverifiedToken | undefined {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || ![head, body, signature].every((part) => PART.test(part))) return undefined;
  const header = HEADER.safeParse(jsonOf(head));
  const claims = CLAIMS.safeParse(jsonOf(body));
  // An extension that must be understood (RFC 7515 section 4.1.11) is one that nobody here does.
  if (!header.success || !claims.success || 'crit' in header.data) return undefined;
  return { header: header.data, claims: claims.data };
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
