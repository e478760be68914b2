import { isIPv4 } from 'node:net';

/** Whether a host name or address reaches this machine alone. Names other than `localhost` are never resolved. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}
