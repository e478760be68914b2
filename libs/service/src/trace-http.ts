import { annotateSpan, recordDuration, telemetryIsOn, trace } from './telemetry.ts';

/** A request to another service. */
export interface HttpCall {
  readonly method: string;
  /** What is the same of all paths of its kind: no ids. */
  readonly template: string;
  /** The service's base address. */
  readonly address: string;
  /** How often it was sent before. */
  readonly resent?: number;
}

/**
 * Sends a request within a client span, and times it. `send` tells the answer's status; one that tells none had no
 * answer. The attributes are those of the conventions' HTTP client, without `url.full`.
 */
export function traceHttp<T>(call: HttpCall, send: (answered: (status: number) => void) => Promise<T>): Promise<T> {
  if (!telemetryIsOn()) return send(ignore);
  const { hostname, port } = new URL(call.address);
  const attributes = {
    'http.request.method': call.method,
    'url.template': call.template,
    'server.address': hostname,
    'server.port': Number(port || (call.address.startsWith('https:') ? 443 : 80)),
  };
  const resent = call.resent ? { 'http.request.resend_count': call.resent } : {};
  const began = performance.now();
  let status: number | undefined;
  const sent = async (): Promise<T> => {
    try {
      return await send((told) => (status = told));
    } finally {
      const outcome = outcomeOf(status);
      annotateSpan(outcome, 'error.type' in outcome);
      recordDuration('http.client.request.duration', performance.now() - began, { ...attributes, ...outcome });
    }
  };
  return trace(`${call.method} ${call.template}`, { ...attributes, ...resent }, sent, { role: 'client' });
}

function outcomeOf(status: number | undefined): Readonly<Record<string, string | number>> {
  if (status === undefined) return { 'error.type': 'no-answer' };
  return { 'http.response.status_code': status, ...(status >= 400 && { 'error.type': String(status) }) };
}

const ignore = (): void => undefined;
