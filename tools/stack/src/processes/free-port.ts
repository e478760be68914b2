import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS take the ports of outgoing connections: a port found free here stays
 * free until the engine listens, and while it is being restarted.
 */
const LEAST = 20_000;
const BEYOND = 32_000;
const TRIES = 100;

/** Ports given out by this process: two engines that start together must not get the same. */
const given = new Set<number>();

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = randomInt(LEAST, BEYOND);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
