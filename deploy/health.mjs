/** The health check of the images: ends with 0 when the service in this container says that it is ready, else with 1. */
import { env, exit } from 'node:process';

const TIMEOUT_MS = 4_000;

try {
  const url = `http://127.0.0.1:${env.PORT ?? '8080'}/health/ready`;
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
  exit(ok ? 0 : 1);
} catch {
  exit(1);
}
