import type { Actor } from '@anamnesis/kernel';
import type { FastifyRequest } from 'fastify';
import type { Role } from './roles.ts';

/** What a verified token says of whoever carries it. */
export interface TokenIdentity {
  /** The identity provider's subject; opaque. */
  readonly subject: string;
  readonly username?: string;
  /** Those of the matrix; may be empty. */
  readonly roles: readonly Role[];
  /** The facilities the caller works in. */
  readonly facilities: readonly string[];
  /** The OpenID client the token was given to. */
  readonly clientId: string;
  /** Authentication context: `aal1`, `aal2`. */
  readonly acr?: string;
  readonly sessionId?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The verified caller of one request: an identity in one of its roles, for one purpose. */
export interface Caller extends TokenIdentity {
  readonly role: Role;
  /** A code of v3-PurposeOfUse. */
  readonly purpose: string;
  /** Where the caller acts; absent when the token names no facility. */
  readonly facility?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard on every route that is not public. */
    caller: Caller | undefined;
  }
}

/** The caller as events record it. */
export function actorOf(caller: Caller): Actor {
  const { subject: id, role, purpose, facility } = caller;
  return facility === undefined ? { id, role, purpose } : { id, role, purpose, facility };
}

/** The caller that the guard put on the request. A public route has none: asking there is a bug. */
export function requestCaller(request: Pick<FastifyRequest, 'caller'>): Caller {
  if (request.caller === undefined) throw new Error('a route without a caller asked for one');
  return request.caller;
}
