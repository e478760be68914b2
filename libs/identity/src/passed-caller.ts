import { z } from 'zod';
import type { Caller } from './caller.ts';
import { PURPOSES } from './purposes.ts';
import { ROLES } from './roles.ts';

/** Carries the caller on whose behalf a service asks another one. It counts on internal actions alone. */
export const PASSED_CALLER_HEADER = 'x-anamnesis-caller';

const LONGEST = 8_192;

const PASSED = z.strictObject({
  subject: z.string().min(1).max(255),
  username: z.string().max(255).optional(),
  roles: z.array(z.enum(ROLES)).max(ROLES.length),
  facilities: z.array(z.string().max(255)).max(100),
  clientId: z.string().min(1).max(255),
  acr: z.string().max(64).optional(),
  sessionId: z.string().max(255).optional(),
  expiresAt: z.number(),
  role: z.enum(ROLES),
  purpose: z.string().refine((code) => PURPOSES.has(code)),
  facility: z.string().max(255).optional(),
});

/** The header's value. */
export function passCaller(caller: Caller): string {
  return Buffer.from(JSON.stringify(caller)).toString('base64url');
}

/** Undefined for what is no caller. */
export function passedCaller(header: string): Caller | undefined {
  if (header.length > LONGEST) return undefined;
  const parsed = PASSED.safeParse(jsonOf(Buffer.from(header, 'base64url').toString('utf8')));
  if (!parsed.success) return undefined;
  // JSON has no undefined: what zod calls optional is there or it is not.
  return parsed.data as Caller;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
