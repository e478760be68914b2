import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { endToEndHeaders } from '@anamnesis/service';

/** What Keycloak is told of a request: the client's headers, and its address and ours in place of what it claims. */
export function forwardedHeaders(headers: IncomingHttpHeaders, publicUrl: URL, from: string): OutgoingHttpHeaders {
  const kept = Object.entries(endToEndHeaders(headers)).filter(
    ([name]) => name !== 'forwarded' && !name.startsWith('x-forwarded-'),
  );
  const proto = publicUrl.protocol.slice(0, -1);
  return {
    ...Object.fromEntries(kept),
    host: publicUrl.host,
    'x-forwarded-for': from,
    'x-forwarded-host': publicUrl.host,
    'x-forwarded-port': publicUrl.port || (proto === 'https' ? '443' : '80'),
    'x-forwarded-proto': proto,
  };
}
