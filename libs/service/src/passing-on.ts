import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type Problem, problemDocument } from './problem.ts';

/** RFC 9110 section 7.6.1; these say something of one connection, and so does what `Connection` names. */
const HOP_BY_HOP: readonly string[] = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings'],
];

/** Of the headers of a message, by their lower-case names, those that who passes it on passes on as well. */
export function endToEndHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name)),
  );
}

/** Answers a raw request with a problem document. Where the answer has begun already it can only be cut. */
export function refuseRaw(response: ServerResponse, problem: Problem): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const correlation = String(response.getHeader('x-request-id') ?? '');
  const body = JSON.stringify(problemDocument(problem, correlation));
  response
    .writeHead(problem.status, {
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      connection: 'close', // what is left of a body that was not read must not be taken for the next request
      ...(problem.retryAfter !== undefined && { 'retry-after': String(problem.retryAfter) }),
    })
    .end(body);
}
