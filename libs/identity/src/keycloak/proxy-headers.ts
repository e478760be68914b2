import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** RFC 9110 section 7.6.1; these say something of one connection, and so does what `Connection` names. */
const HOP_BY_HOP: readonly string[] = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings'],
];

/** What Keycloak is told of a request: the client's headers, and its address and ours in place of what it claims. */
export function forwardedHeaders(headers: IncomingHttpHeaders, publicUrl: URL, from: string): OutgoingHttpHeaders {
  const kept = endToEnd(headers, (name) => name !== 'forwarded' && !name.startsWith('x-forwarded-'));
  const proto = publicUrl.protocol.slice(0, -1);
  return {
    ...kept,
    host: publicUrl.host,
    'x-forwarded-for': from,
    'x-forwarded-host': publicUrl.host,
    'x-forwarded-port': publicUrl.port || (proto === 'https' ? '443' : '80'),
    'x-forwarded-proto': proto,
  };
}

export function returnedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return endToEnd(headers, () => true);
}

function endToEnd(headers: IncomingHttpHeaders, keep: (name: string) => boolean): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name) && keep(name)),
  );
}
