import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { authorizationRequest, redeem, Server, signIn, type Tokens } from '@anamnesis/e2e';

/** Access tokens are asked for anew when they are older; those of clients are good for fifteen minutes, people's for less. */
const CLIENT_KEPT_MS = 10 * 60_000;
const PERSON_KEPT_MS = 2 * 60_000;
/** A client's tokens carry no session: the record tells them apart by when they expire, in seconds. */
const APART_MS = 1_050;
const CLIENT_ROLE = 'integration';
const CLIENT = 'anamnesis-import';

export interface StackAccess {
  readonly url: string;
  readonly folder: string;
  readonly passwordsFile: string;
}

interface Kept {
  readonly token: Promise<string>;
  readonly until: number;
}

/** Tokens from a stack's Keycloak: of the importing client by its secret, of every other role by its demo user. */
export class StackTokens {
  readonly #stack: StackAccess;
  readonly #kept = new Map<string, Kept>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(stack: StackAccess) {
    this.#stack = stack;
  }

  token(role: string, session: number): Promise<string> {
    const name = `${role} ${session}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined && performance.now() < kept.until) return kept.token;
    const isClient = role === CLIENT_ROLE;
    // One after the other: Keycloak lets one attempt of a person in at a time.
    const token = this.#last.then(() => (isClient ? this.#ofClient() : this.#ofPerson(role)));
    this.#last = token.then(() => (isClient ? pause(APART_MS) : undefined)).catch(() => undefined);
    const made: Kept = { token, until: performance.now() + (isClient ? CLIENT_KEPT_MS : PERSON_KEPT_MS) };
    this.#kept.set(name, made);
    token.catch(() => this.#kept.delete(name));
    return token;
  }

  async #ofClient(): Promise<string> {
    const secret = await readFile(join(this.#stack.folder, 'secrets', CLIENT), 'utf8');
    const answer = await fetch(`${this.#stack.url}/realms/anamnesis/protocol/openid-connect/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:${secret.trim()}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    if (answer.status !== 200) throw new Error(`${CLIENT} was given no token: ${answer.status}`);
    return ((await answer.json()) as Tokens).access_token;
  }

  async #ofPerson(role: string): Promise<string> {
    const passwords = JSON.parse(await readFile(this.#stack.passwordsFile, 'utf8')) as Record<string, string>;
    const server = new Server(this.#stack.url, '', false);
    const request = authorizationRequest(server);
    const { url } = await signIn(server, request, role, { password: passwords[role] ?? '' });
    const answer = await redeem(server, request, url);
    if (answer.status !== 200) throw new Error(`The demo user ${role} could not sign in: ${answer.status}`);
    return ((await answer.json()) as Tokens).access_token;
  }
}
