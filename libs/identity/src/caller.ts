import type { Actor } from '@anamnesis/kernel';
import type { FastifyRequest } from 'fastify';
import type { Role } from './roles.ts';
import type { ServiceName } from './services.ts';

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
  /** Set where the token is a service's own; such a token carries no role of a person. */
  readonly service?: ServiceName;
}

/** The service that asks, on the routes of internal actions. */
export interface CallingService extends TokenIdentity {
  readonly service: ServiceName;
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
    /** Set by the guard on every route that is not public; on internal ones only where the service passed one on. */
    caller: Caller | undefined;
    /** Set by the guard on the routes of internal actions. */
    service: CallingService | undefined;
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

/** The service that the guard put on the request of an internal action. Asking elsewhere is a bug. */
export function requestService(request: Pick<FastifyRequest, 'service'>): CallingService {
  if (request.service === undefined) throw new Error('a route that is not internal asked for a service');
  return request.service;
}
