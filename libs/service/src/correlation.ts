import type { IncomingHttpHeaders } from 'node:http';
import { newId } from '@anamnesis/kernel';

/** UUIDs, and the hexadecimal ids that proxies give: no room for a name, as logs and events carry it in clear. */
const OPAQUE = /^[0-9a-fA-F-]{16,64}$/;

/** The id a request is known by: the client's X-Request-Id if that can be no more than an id, else a new one. */
export function correlationOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && OPAQUE.test(given) ? given : newId();
}
