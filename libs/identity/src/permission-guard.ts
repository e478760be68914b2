import { HTTP_PROBLEMS, type Problem, ProblemError, type RouteGuard } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import type { AccessDenials } from './access-denials.ts';
import type { CallingService, TokenIdentity } from './caller.ts';
import { callerOf } from './caller-of.ts';
import { can } from './can.ts';
import { PASSED_CALLER_HEADER, passedCaller } from './passed-caller.ts';
import { ACTIONS, type Action, isAction } from './permissions.ts';
import { SERVICE_ROLE } from './services.ts';
import type { InvalidToken, TokenVerifier } from './token-verifier.ts';

export interface PermissionGuardOptions {
  readonly verifier: TokenVerifier;
  readonly denials?: AccessDenials;
}

/** RFC 6750 section 3: the challenge names an error only when a token was sent. */
const NO_TOKEN: Problem = {
  ...HTTP_PROBLEMS.unauthenticated,
  headers: { 'www-authenticate': 'Bearer realm="anamnesis"' },
};
const INVALID_TOKEN: Problem = {
  ...HTTP_PROBLEMS.unauthenticated,
  headers: { 'www-authenticate': 'Bearer realm="anamnesis", error="invalid_token"' },
};

type Done = (refusal?: Error) => void;

/**
 * Stands before every route: verifies the token, puts the caller on the request, and asks the matrix.
 *
 * It is a hook of the HTTP server and no Nest guard: it runs before a body is read, so that nobody without a token can
 * make the service hold 64 MiB, and it covers handlers that are mounted beside Nest.
 */
export class PermissionGuard implements RouteGuard {
  readonly #verifier: TokenVerifier;
  readonly #denials: AccessDenials | undefined;

  constructor(options: PermissionGuardOptions) {
    this.#verifier = options.verifier;
    this.#denials = options.denials;
  }

  knows(action: string): boolean {
    return isAction(action);
  }

  check(action: string, request: FastifyRequest, done: Done): void {
    if (!isAction(action)) return done(new ProblemError(HTTP_PROBLEMS.forbidden));
    if (ACTIONS[action].who === 'public') return done();
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) return done(new ProblemError(NO_TOKEN));
    const identity = this.#verifier.verify(token);
    if (!(identity instanceof Promise)) return this.#decide(action, identity, request, done);
    identity.then((verified) => this.#decide(action, verified, request, done), done);
  }

  #decide(action: Action, identity: TokenIdentity | InvalidToken, request: FastifyRequest, done: Done): void {
    if ('invalid' in identity) return done(new ProblemError(INVALID_TOKEN));
    if (ACTIONS[action].who === 'services' && isService(identity)) return forService(identity, request, done);
    const caller = callerOf(identity, request.headers);
    if ('refused' in caller) return done(new ProblemError(caller.refused));
    request.caller = caller;
    request.actorRole = caller.role;
    const verdict = can(caller, action);
    if (verdict.allowed) return done();
    const refuse = (): void => done(new ProblemError(HTTP_PROBLEMS.forbidden));
    if (this.#denials === undefined) return refuse();
    const { id: correlation, ip: from } = request;
    const route = request.routeOptions.url ?? '';
    this.#denials.denied({ caller, action, reason: verdict.reason, correlation, route, from }).then(refuse, done);
  }
}

const isService = (identity: TokenIdentity): identity is CallingService => identity.service !== undefined;

/** A service may act for the caller whose request it serves: it names them, and is trusted in that. */
function forService(service: CallingService, request: FastifyRequest, done: Done): void {
  request.service = service;
  request.actorRole = SERVICE_ROLE;
  const header = request.headers[PASSED_CALLER_HEADER];
  if (header === undefined) return done();
  const caller = typeof header === 'string' ? passedCaller(header) : undefined;
  if (caller === undefined) return done(new ProblemError(HTTP_PROBLEMS['bad-request']));
  request.caller = caller;
  request.actorRole = caller.role;
  done();
}

/** RFC 6750 section 2.1; the scheme's name is case-insensitive (RFC 9110 section 11.1). */
function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
}
