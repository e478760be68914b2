import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { correlationOf } from './correlation.ts';
import type { Log } from './log.ts';
import type { ProblemFilter } from './problem-filter.ts';
import { ProblemError } from './problem.ts';
import { HTTP_PROBLEMS } from './problems.ts';
import type { RouteGuard } from './route-guard.ts';
import type { HttpConfig } from './start-service.ts';
import {
  beginRequest,
  endRequest,
  recordDuration,
  type RequestSpan,
  telemetryIsOn,
  withinRequest,
} from './telemetry.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The role the caller acts in, for the request log; '' while unknown. Set by the guard. */
    actorRole: string;
    requestSpan: RequestSpan | undefined;
  }
}

interface ServerParts {
  readonly config: HttpConfig;
  readonly log: Log;
  readonly guard: RouteGuard;
  readonly filter: ProblemFilter;
}

// Longer than the 60 s after which common load balancers drop an idle connection, so that they do it first.
const KEEP_ALIVE_MS = 72_000;
const REQUEST_TIMEOUT_MS = 120_000;
// A FHIR id has 64 characters at most (R4 datatypes, id); one that is longer must still reach its handler to be named.
const PARAMETER_LENGTH = 512;

/** The HTTP server under Nest: bodies stay bytes, every request is guarded, numbered, timed and logged. */
export function createFastify({ config, log, guard, filter }: ServerParts): FastifyInstance {
  const fastify = Fastify({
    logger: false,
    bodyLimit: config.bodyBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    trustProxy: config.trustedProxies === undefined ? false : [...config.trustedProxies],
    routerOptions: { maxParamLength: PARAMETER_LENGTH },
    requestIdHeader: false,
    genReqId: (request) => correlationOf(request.headers),
    frameworkErrors: (error, request, reply) => filter.answer(error, request, reply),
  });
  fastify.decorateRequest('actorRole', '');
  fastify.decorateRequest('requestSpan', undefined);
  keepBodiesAsBytes(fastify);
  const headers = securityHeaders(config);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header('x-request-id', request.id);
    if (telemetryIsOn()) request.requestSpan = spanOf(request);
    if (request.is404) return done();
    const { action } = request.routeOptions.config;
    // The census found every route declared before the first request came; without an action nobody passes.
    if (action === undefined) return done(new ProblemError(HTTP_PROBLEMS.forbidden));
    withinRequest(request.requestSpan, () => guard.check(action, request, done));
  });
  fastify.addHook('preHandler', (request, _reply, done) => withinRequest(request.requestSpan, done));
  fastify.addHook('onResponse', (request, reply, done) => {
    const ended = {
      method: request.method,
      route: request.routeOptions.url ?? '',
      status: reply.statusCode,
      duration: reply.elapsedTime,
    };
    if (telemetryIsOn()) tell(request, ended);
    logRequest(log, request, ended);
    done();
  });
  return fastify;
}

interface EndedRequest {
  readonly method: string;
  /** The route's pattern; '' for an address that there is not. */
  readonly route: string;
  readonly status: number;
  /** Milliseconds. */
  readonly duration: number;
}

function logRequest(log: Log, request: FastifyRequest, ended: EndedRequest): void {
  log.info('request', {
    method: request.method,
    route: ended.route,
    status: ended.status,
    ms: Math.round(ended.duration * 1_000) / 1_000,
    correlation: request.id,
    ...(request.actorRole !== '' && { role: request.actorRole }),
    ...(request.requestSpan !== undefined && { trace: request.requestSpan.span.spanContext().traceId }),
  });
}

/** Whatever its type, a body reaches its handler as a Buffer: FHIR needs the text itself (decimals, duplicate keys). */
function keepBodiesAsBytes(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function securityHeaders(config: HttpConfig): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(config.publicUrl?.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
  };
}

/** Asked every few seconds by whoever watches: counted, but no traces. */
const HEALTH = /^\/health\//;

function spanOf(request: FastifyRequest): RequestSpan | undefined {
  const route = request.routeOptions.url ?? '';
  if (HEALTH.test(route)) return undefined;
  const header = request.headers['traceparent'];
  const traceparent = typeof header === 'string' ? header : undefined;
  const { method } = request;
  return beginRequest(route === '' ? method : `${method} ${route}`, attributesOf(request, method, route), traceparent);
}

/** Ends the request's span and records its duration. Of an error only the status is told: it may be the client's. */
function tell(request: FastifyRequest, { method, route, status, duration }: EndedRequest): void {
  const failed = status >= 500;
  const answered = { 'http.response.status_code': status, ...(failed && { 'error.type': String(status) }) };
  endRequest(request.requestSpan, answered, failed);
  recordDuration('http.server.request.duration', duration, { ...attributesOf(request, method, route), ...answered });
}

function attributesOf(request: FastifyRequest, method: string, route: string): Readonly<Record<string, string>> {
  const scheme = request.protocol;
  return { 'http.request.method': method, 'url.scheme': scheme, ...(route !== '' && { 'http.route': route }) };
}
