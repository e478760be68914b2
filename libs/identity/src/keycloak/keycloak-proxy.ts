import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { endToEndHeaders, FAULT_PROBLEMS, HTTP_PROBLEMS, type Log, type Mount, refuseRaw } from '@anamnesis/service';
import { REALM } from '../realm-names.ts';
import { forwardedHeaders } from './proxy-headers.ts';

export interface KeycloakProxyOptions {
  /** Where Keycloak is reached; it runs with `--proxy-headers xforwarded`. */
  readonly keycloakUrl: string;
  /** The record's own base address, under which Keycloak appears. */
  readonly publicUrl: () => string;
  /** Default: `anamnesis`. */
  readonly realm?: string;
  /** Milliseconds, for a whole exchange. */
  readonly timeout?: number;
  /** The longest body that is passed on. */
  readonly bodyBytes?: number;
  readonly log?: Log;
}

export interface KeycloakProxy {
  /** The realm, and the files of Keycloak's pages. */
  readonly mounts: readonly Mount[];
  close(): void;
}

const TIMEOUT_MS = 30_000;
const BODY_BYTES = 131_072;
const MOST_SOCKETS = 64;
const AWAY = FAULT_PROBLEMS['identity-unavailable'];

/**
 * Keycloak's part of the front door: the realm's own paths and its pages' files, and nothing else of Keycloak, so that
 * the record has one origin. What it answers is streamed; while it is away the answer is 503.
 */
export function keycloakProxy(options: KeycloakProxyOptions): KeycloakProxy {
  const secure = options.keycloakUrl.startsWith('https:');
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MOST_SOCKETS });
  const begin = (path: string, method: string, headers: OutgoingHttpHeaders): ClientRequest =>
    (secure ? httpsRequest : httpRequest)(options.keycloakUrl + path, { method, headers, agent });
  const limit = options.bodyBytes ?? BODY_BYTES;

  async function pass(request: IncomingMessage, response: ServerResponse, from: string, prefix: string): Promise<void> {
    const path = request.url ?? '';
    if (!isBeneath(path, prefix)) return refuseRaw(response, HTTP_PROBLEMS['not-found']);
    if (Number(request.headers['content-length'] ?? 0) > limit)
      return refuseRaw(response, HTTP_PROBLEMS['body-too-large']);
    const headers = forwardedHeaders(request.headers, new URL(options.publicUrl()), from);
    const upstream = begin(path, request.method ?? 'GET', headers);
    const abandon = (): void => void upstream.destroy();
    const timer = setTimeout(abandon, options.timeout ?? TIMEOUT_MS);
    response.once('close', abandon);
    try {
      const [answer] = await Promise.all([answerOf(upstream), pipeline(request, limited(limit), upstream)]);
      if (answer.statusCode === undefined || [502, 503, 504].includes(answer.statusCode)) {
        answer.resume();
        return refuseRaw(response, AWAY);
      }
      response.writeHead(answer.statusCode, endToEndHeaders(answer.headers));
      await pipeline(answer, response);
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) options.log?.warn('Keycloak did not answer', { error });
      refuseRaw(response, error instanceof BodyTooLarge ? HTTP_PROBLEMS['body-too-large'] : AWAY);
    } finally {
      clearTimeout(timer);
      abandon();
    }
  }

  const mount = (prefix: string): Mount => ({
    prefix,
    action: 'openid',
    handle: (request, response, from) => pass(request, response, from, prefix),
  });
  return { mounts: [mount(`/realms/${options.realm ?? REALM}`), mount('/resources')], close: () => agent.destroy() };
}

/**
 * Whether a path still leads there once Keycloak has read it: no climbing out by dots, plain or encoded, and no encoded
 * slash or path parameter that the two might read differently.
 */
function isBeneath(url: string, prefix: string): boolean {
  const [path = ''] = url.split('?');
  if (!path.startsWith(`${prefix}/`) || /%2f|%5c|[\\;]|%3b|%00/i.test(path)) return false;
  try {
    return !decodeURIComponent(path)
      .split('/')
      .some((segment) => segment === '..' || segment === '.');
  } catch {
    return false;
  }
}

class BodyTooLarge extends Error {}

function limited(most: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > most) done(new BodyTooLarge());
      else done(null, chunk);
    },
  });
}

function answerOf(upstream: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    upstream.once('response', resolve);
    upstream.once('error', reject);
    upstream.once('close', () => reject(new Error('the connection closed before an answer came')));
  });
}
