import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import {
  currentTraceparent,
  endToEndHeaders,
  FAULT_PROBLEMS,
  type Mount,
  refuseRaw,
  traceHttp,
} from '@anamnesis/service';
import { Pool } from 'undici';

/** Which service answers for the paths that begin so; the longest beginning counts. */
export type Routes = Readonly<Record<string, readonly string[]>>;

export interface ServiceProxyOptions {
  /** `/admin`: everything below it is passed on. */
  readonly prefix: string;
  /** The instances' addresses, by the beginnings of paths. */
  readonly routes: Routes;
  /** How long an answer's beginning, and each pause within it, may take, in milliseconds; default: ten minutes. */
  readonly answerMs?: number;
}

const AWAY = FAULT_PROBLEMS['service-unavailable'];

/**
 * The front door's way to the domain APIs of other services: requests are passed on as they are, with the caller's own
 * token, and the service decides. Nothing is repeated: a command may have been carried out.
 */
export function serviceProxy({ prefix, routes, answerMs = 600_000 }: ServiceProxyOptions): Mount & {
  close(): Promise<void>;
} {
  const settings = { connections: 32, headersTimeout: answerMs, bodyTimeout: answerMs, connect: { timeout: 2_000 } };
  const ways = Object.entries(routes)
    .sort(([a], [b]) => b.length - a.length)
    .map(([beginning, addresses]) => ({
      beginning,
      pools: addresses.map((address) => ({ address, pool: new Pool(address, settings) })),
      turn: 0,
    }));
  return {
    prefix,
    action: 'domain-api',
    handle: async (request, response, from) => {
      const path = request.url ?? '/';
      const way = ways.find(
        ({ beginning }) =>
          path === beginning || (/^[/?]/.test(path.slice(beginning.length)) && path.startsWith(beginning)),
      );
      const instance = way?.pools[way.turn++ % way.pools.length];
      if (!way || !instance) return refuseRaw(response, AWAY);
      const { address, pool } = instance;
      const call = { method: request.method ?? 'GET', template: `${way.beginning}/*`, address };
      await traceHttp(call, (answered) => pass(pool, request, response, from, answered));
    },
    close: async () => {
      await Promise.all(ways.flatMap(({ pools }) => pools.map(({ pool }) => pool.destroy())));
    },
  };
}

async function pass(
  pool: Pool,
  request: IncomingMessage,
  response: ServerResponse,
  from: string,
  answered: (status: number) => void,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const answer = await pool.request({
      method: request.method as 'GET',
      path: request.url ?? '/',
      headers: forwarded(request.headers, response, from),
      body: request.method === 'GET' || request.method === 'HEAD' ? null : request,
      signal: gone.signal,
    });
    answered(answer.statusCode);
    response.writeHead(answer.statusCode, endToEndHeaders(answer.headers));
    await pipeline(answer.body, response);
  } catch {
    // The client left, or the service did: there is nobody to tell, or it is told here.
    refuseRaw(response, AWAY);
  }
}

function forwarded(headers: IncomingHttpHeaders, response: ServerResponse, from: string): IncomingHttpHeaders {
  const before = headers['x-forwarded-for'];
  const traceparent = currentTraceparent();
  const { host: _ours, ...kept } = endToEndHeaders(headers);
  return {
    ...kept,
    ...(traceparent !== undefined && { traceparent }),
    'x-request-id': String(response.getHeader('x-request-id') ?? ''),
    'x-forwarded-for': before === undefined ? from : `${String(before)}, ${from}`,
  };
}
