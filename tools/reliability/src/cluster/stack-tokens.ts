import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Server, tokensOf } from '@anamnesis/e2e';
import { ROLE } from '../kill/reading.ts';
import type { TokenSource } from '../kill/record-client.ts';

/** The client that systems hand records in by; its account has the role `integration`. */
const CLIENT = 'anamnesis-import';
const TIMEOUT_MS = 5_000;
const MINUTE = 60_000;
/** Long before they expire, so that an identity provider may be away when one is due. */
const RENEWED_AFTER = { client: 4 * MINUTE, person: 25 * MINUTE } as const;
const TRIED_AGAIN_AFTER = 10_000;

interface Kept {
  readonly token: Promise<string>;
  /** By the clock of `performance`. */
  renewAt: number;
}

export interface SignInPlace {
  readonly url: string;
  readonly keycloak: string;
  /** Has `secrets/` and `identity/demo-users.json`. */
  readonly folder: string;
}

/**
 * Tokens of a stack: writers come as the client of other systems does, everybody else signs in as a person. Who cannot
 * sign in anew goes on with what they have.
 */
export function stackTokens(place: SignInPlace): TokenSource {
  const kept = new Map<string, Kept>();
  const renewing = new Map<string, Promise<void>>();
  const renew = async (role: string): Promise<void> => {
    const before = kept.get(role);
    try {
      const token = role === ROLE ? await clientToken(place) : await personToken(place, role);
      const after = role === ROLE ? RENEWED_AFTER.client : RENEWED_AFTER.person;
      kept.set(role, { token: Promise.resolve(token), renewAt: performance.now() + after });
    } catch (error) {
      if (before === undefined) throw error;
      before.renewAt = performance.now() + TRIED_AGAIN_AFTER;
    }
  };
  return async (role) => {
    if ((kept.get(role)?.renewAt ?? 0) < performance.now()) {
      const under = renewing.get(role) ?? renew(role).finally(() => renewing.delete(role));
      renewing.set(role, under);
      await under;
    }
    return kept.get(role)!.token;
  };
}

async function clientToken({ keycloak, folder }: SignInPlace): Promise<string> {
  const secret = await readFile(join(folder, 'secrets', CLIENT), 'utf8');
  const answer = await fetch(`${keycloak}/realms/anamnesis/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT, client_secret: secret }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.status !== 200) throw new Error(`${CLIENT} was given no token: ${answer.status}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** Demo users are named for their roles. */
async function personToken({ url, folder }: SignInPlace, role: string): Promise<string> {
  return (await tokensOf(new Server(url, folder, false), role)).access_token;
}
