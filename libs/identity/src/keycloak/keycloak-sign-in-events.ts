import { Fault } from '@anamnesis/kernel';
import type { Log } from '@anamnesis/service';
import { z } from 'zod';
import { REALM } from '../realm-names.ts';
import type { SignInEvents, SignInFailure } from '../sign-in-events.ts';
import { askKeycloak } from './ask-keycloak.ts';

/** How far the events were told. */
export interface SignInProgress {
  /** Milliseconds since the epoch, by Keycloak's clock: what happened before was told. */
  readonly through: number;
  /** Those told that happened since. */
  readonly told: readonly { readonly id: string; readonly at: number }[];
}

export interface KeycloakSignInEventsOptions {
  readonly keycloakUrl: string;
  /** Default: `anamnesis`. */
  readonly realm?: string;
  /** Tokens of `SIGN_INS_CLIENT`. */
  readonly tokens: { token(): string | Promise<string> };
  readonly events: SignInEvents;
  /** Where progress is kept, durably; without any it begins with the oldest event that Keycloak has. */
  readonly progress: {
    read(): Promise<SignInProgress | undefined>;
    write(progress: SignInProgress): Promise<void>;
  };
  /** Milliseconds between two looks. */
  readonly interval?: number;
  readonly log?: Log;
}

const EVENT = z.looseObject({
  id: z.string().min(1),
  time: z.number(),
  type: z.string(),
  clientId: z.string().nullish(),
  userId: z.string().nullish(),
  ipAddress: z.string().nullish(),
  error: z.string().nullish(),
  details: z.record(z.string(), z.string().nullish()).nullish(),
});
const EVENTS = z.array(EVENT);

type KeycloakEvent = z.infer<typeof EVENT>;

const INTERVAL_MS = 5_000;
const PAGE = 100;
/** An event is stamped when it happens and seen once its transaction is done: later ones may be seen before it. */
const OVERLAP_MS = 60_000;

/** Other errors are no attempts of a person: an expired page, a client's mistake. */
const REASONS: ReadonlyMap<string, SignInFailure['reason']> = new Map([
  ['invalid_user_credentials', 'wrong-password'],
  ['user_not_found', 'unknown-user'],
  ['user_temporarily_disabled', 'locked'],
  ['user_disabled', 'locked'],
]);

/**
 * Tells the audit who signed in at Keycloak and who failed to, each at least once, by reading Keycloak's own record of
 * it. The audit lags behind by the interval; what happened while this was away is told afterwards.
 */
export class KeycloakSignInEvents {
  readonly #options: KeycloakSignInEventsOptions;
  readonly #closing = new AbortController();
  #progress: SignInProgress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<number> | undefined;

  constructor(options: KeycloakSignInEventsOptions) {
    this.#options = options;
  }

  /** Looks now and then, until it is closed. */
  start(): void {
    if (this.#closing.signal.aborted) return;
    const again = (): void => {
      this.#timer = setTimeout(() => this.start(), this.#options.interval ?? INTERVAL_MS).unref();
    };
    this.look().then(again, (error: unknown) => {
      if (this.#closing.signal.aborted) return;
      this.#options.log?.warn('sign-ins could not be read for the audit yet', { error });
      again();
    });
  }

  /**
   * Tells what is new; how many that were. Throws `Fault` `identity-unavailable`, and what the audit throws: the same
   * is told again at the next look.
   */
  look(): Promise<number> {
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing.abort();
    await this.#looking?.catch(() => undefined);
  }

  async #look(): Promise<number> {
    let progress = (this.#progress ??= (await this.#options.progress.read()) ?? { through: 0, told: [] });
    const from = progress.through;
    let count = 0;
    for (let first = 0; ; first += PAGE) {
      const events = await this.#page(from, first);
      const told = new Set(progress.told.map(({ id }) => id));
      const fresh = events.filter(({ id }) => !told.has(id));
      for (const event of fresh) await this.#tell(event);
      count += fresh.length;
      if (fresh.length > 0) this.#progress = progress = await this.#keep(progress, fresh);
      if (events.length < PAGE) return count;
    }
  }

  async #keep(before: SignInProgress, fresh: readonly KeycloakEvent[]): Promise<SignInProgress> {
    const latest = Math.max(...fresh.map(({ time }) => time));
    const through = Math.max(before.through, latest - OVERLAP_MS);
    const told = [...before.told, ...fresh.map(({ id, time: at }) => ({ id, at }))].filter(({ at }) => at >= through);
    const progress = { through, told };
    await this.#options.progress.write(progress);
    return progress;
  }

  async #page(from: number, first: number): Promise<readonly KeycloakEvent[]> {
    const { keycloakUrl, realm = REALM, tokens } = this.#options;
    const query = new URLSearchParams([
      ['type', 'LOGIN'],
      ['type', 'LOGIN_ERROR'],
      ['dateFrom', String(from)],
      ['direction', 'asc'],
      ['first', String(first)],
      ['max', String(PAGE)],
    ]);
    const { status, body } = await askKeycloak(`${keycloakUrl}/admin/realms/${realm}/events?${query}`, {
      headers: { authorization: `Bearer ${await tokens.token()}` },
      signal: this.#closing.signal,
    });
    const events = EVENTS.safeParse(body);
    if (status !== 200 || !events.success) {
      throw new Fault('identity-unavailable', 'Keycloak does not tell of sign-ins', { retryable: true });
    }
    return events.data;
  }

  async #tell({ id, time: at, type, clientId, userId, ipAddress, error, details }: KeycloakEvent): Promise<void> {
    const { events } = this.#options;
    const username = details?.['username'] ?? undefined;
    const where = { id, at, clientId: clientId ?? '', from: ipAddress ?? '' };
    if (type === 'LOGIN') {
      if (userId) await events.signedIn({ ...where, subject: userId, username: username ?? '' });
      return;
    }
    const reason = REASONS.get(error ?? '');
    if (reason === undefined) return;
    // A name that is nobody's may be a password in the wrong field.
    await events.signInFailed({ ...where, reason, ...(userId && username !== undefined && { username }) });
  }
}
