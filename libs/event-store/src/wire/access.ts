import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { accessDenied, notAuthenticated } from './rpc-errors.ts';
import type { Operation } from './stream-metadata.ts';
import { isMetastream, isSystem, originalOf } from './stream-names.ts';
import type { StreamStates } from './stream-states.ts';

/** A user of the wire server; the password stands in the clear in a file that only the server may read. */
export interface WireUser {
  readonly login: string;
  readonly password: string;
  /** `$admins` may do everything. */
  readonly groups?: readonly string[];
}

const ADMINS = '$admins';
const EVERYONE = '$all';

/** Roles of a caller; of somebody unknown, none. */
export type Roles = ReadonlySet<string>;

const NOBODY: Roles = new Set();

/**
 * Who may do what. Without users everybody may do everything (EventStoreDB's insecure mode). With users a caller
 * names itself by basic authentication (RFC 7617), streams follow their `$acl`, what is not named there is open to
 * every user, and system streams and $all are the administrators' own.
 */
export class Access {
  readonly #users: ReadonlyMap<string, WireUser> | undefined;
  readonly #states: StreamStates;

  constructor(users: readonly WireUser[] | undefined, states: StreamStates) {
    this.#users = users === undefined ? undefined : new Map(users.map((user) => [user.login, user]));
    this.#states = states;
  }

  /** Throws UNAUTHENTICATED for a name or password that is wrong. A caller without credentials is nobody. */
  caller(metadata: Metadata): Roles {
    if (this.#users === undefined) return new Set([ADMINS]);
    const [header] = metadata.get('authorization');
    if (header === undefined) return NOBODY;
    const [, encoded] = /^basic +([a-z0-9+/=_-]+)$/i.exec(String(header)) ?? [];
    const [, login, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
    const user = this.#users.get(login ?? '');
    if (user === undefined || !same(user.password, password ?? '')) throw notAuthenticated();
    return new Set([EVERYONE, user.login, ...(user.groups ?? [])]);
  }

  /** Throws PERMISSION_DENIED. `stream` undefined: $all. */
  check(roles: Roles, operation: 'read' | 'write' | 'delete', stream: string | undefined): void {
    if (!this.may(roles, operation, stream)) throw accessDenied();
  }

  may(roles: Roles, operation: 'read' | 'write' | 'delete', stream: string | undefined): boolean {
    if (roles.has(ADMINS)) return true;
    if (stream === undefined || roles.size === 0) return false;
    if (isMetastream(stream)) {
      return this.#holds(roles, operation === 'read' ? 'metaRead' : 'metaWrite', originalOf(stream));
    }
    return this.#holds(roles, operation, stream);
  }

  #holds(roles: Roles, operation: Operation, stream: string): boolean {
    const named = this.#states.of(stream).metadata.acl?.[operation] ?? [isSystem(stream) ? ADMINS : EVERYONE];
    return named.some((role) => roles.has(role));
  }
}

/** Compares digests: neither the length nor the first difference shows in the time it takes. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}
