import type { IncomingHttpHeaders } from 'node:http';
import { newId } from '@anamnesis/kernel';

const SANE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** The id a request is known by: the client's X-Request-Id if it is harmless in logs and headers, else a new one. */
export function correlationOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && SANE.test(given) ? given : newId();
}
