import { createPublicKey, type KeyObject } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@anamnesis/kernel';
import { z } from 'zod';
import { askKeycloak } from './ask-keycloak.ts';

export const ALGORITHMS = ['RS256', 'PS256', 'ES256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface RealmKey {
  readonly alg: Algorithm;
  readonly key: KeyObject;
}

export interface RealmKeysOptions {
  /** The realm's JWK set (RFC 7517). */
  readonly url: string;
  readonly now: () => number;
  /** Milliseconds after which the set is fetched anew in the background, when a key is used. */
  readonly refreshAfter: number;
  /** Milliseconds after which no key is used before the set was fetched anew, as long as Keycloak answers. */
  readonly staleAfter: number;
  readonly signal: AbortSignal;
}

const JWK_SET = z.object({ keys: z.array(z.looseObject({ kid: z.string() })).max(100) });
const SIGNING_JWK = z.looseObject({ use: z.literal('sig').optional(), alg: z.enum(ALGORITHMS) });

/** Strangers can name keys that there are not; each name costs a fetch, a few at once, then one a second. */
const FETCHES_AT_ONCE = 5;
const FETCH_EVERY_MS = 1_000;
/** Keycloak was away: not asked again so soon. */
const REST_MS = 1_000;

/**
 * The public keys of a realm. One that was made a moment ago is found at once; one that was deleted counts no longer
 * than `staleAfter`. While Keycloak is away the keys last seen stay.
 */
export class RealmKeys {
  readonly #options: RealmKeysOptions;
  #keys: ReadonlyMap<string, RealmKey> = new Map();
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  #credit = FETCHES_AT_ONCE;
  #creditAt: number;

  constructor(options: RealmKeysOptions) {
    this.#options = options;
    this.#creditAt = options.now();
  }

  /**
   * Whether a key that was used before still counts; answers at once while the set is fresh, and while Keycloak is
   * known to be away: one that hangs must not make everybody wait.
   */
  standing(kid: string): boolean | Promise<boolean> {
    const age = this.#options.now() - this.#fetchedAt;
    const isAway = this.#failedAt > this.#fetchedAt;
    if (age > this.#options.staleAfter && !isAway) return this.#refresh().then(() => this.#keys.has(kid));
    if (age > this.#options.refreshAfter) void this.#refresh();
    return this.#keys.has(kid);
  }

  /** Undefined when the realm has no such key. Throws `identity-unavailable` when it is unknown and Keycloak is away. */
  async key(kid: string): Promise<RealmKey | undefined> {
    await this.standing(kid);
    if (this.#keys.has(kid)) return this.#keys.get(kid);
    // A fetch that is under way may have been answered before the key came; the next one cannot.
    await this.#fetching?.catch(() => undefined);
    if (!this.#keys.has(kid)) await this.#fetchSoon();
    return this.#keys.get(kid);
  }

  /** Fetches the keys. Throws `identity-unavailable`. */
  async load(): Promise<void> {
    await (this.#fetching ??= this.#fetch());
  }

  /** Where Keycloak is away, what was known goes on to count. */
  async #refresh(): Promise<void> {
    if (this.#resting()) return;
    await this.load().catch(() => undefined);
  }

  #resting(): boolean {
    return this.#failedAt > this.#fetchedAt && this.#options.now() - this.#failedAt < REST_MS;
  }

  /** Who must wait for a turn waits together with all others who do. */
  async #fetchSoon(): Promise<void> {
    if (this.#resting()) throw unavailable();
    if (this.#takesCredit()) return this.load();
    const wait = async (): Promise<void> => {
      try {
        await pause(FETCH_EVERY_MS, undefined, { signal: this.#options.signal, ref: false });
      } catch {
        throw unavailable(); // closed
      } finally {
        this.#waiting = undefined;
      }
      await this.load();
    };
    await (this.#waiting ??= wait());
  }

  #takesCredit(): boolean {
    const now = this.#options.now();
    const earned = Math.floor((now - this.#creditAt) / FETCH_EVERY_MS);
    if (earned > 0) {
      this.#credit = Math.min(FETCHES_AT_ONCE, this.#credit + earned);
      this.#creditAt += earned * FETCH_EVERY_MS;
    }
    if (this.#credit === 0) return false;
    this.#credit -= 1;
    return true;
  }

  async #fetch(): Promise<void> {
    try {
      const { status, body } = await askKeycloak(this.#options.url, { signal: this.#options.signal });
      const set = JWK_SET.safeParse(body);
      if (status !== 200 || !set.success) throw unavailable();
      this.#keys = keysOf(set.data.keys);
      this.#fetchedAt = this.#options.now();
    } catch (error) {
      this.#failedAt = this.#options.now();
      throw error;
    } finally {
      this.#fetching = undefined;
    }
  }
}

function unavailable(): Fault {
  return new Fault('identity-unavailable', 'the keys of the realm cannot be had', { retryable: true });
}

/** What is no signing key, or of an algorithm that is not taken, is left out. */
function keysOf(jwks: readonly { readonly kid: string }[]): ReadonlyMap<string, RealmKey> {
  const keys = new Map<string, RealmKey>();
  for (const jwk of jwks) {
    const signing = SIGNING_JWK.safeParse(jwk);
    const key = signing.success ? publicKeyOf(jwk) : undefined;
    if (signing.success && key !== undefined) keys.set(jwk.kid, { alg: signing.data.alg, key });
  }
  return keys;
}

function publicKeyOf(jwk: object): KeyObject | undefined {
  try {
    return createPublicKey({ format: 'jwk', key: { ...jwk } });
  } catch {
    return undefined;
  }
}
