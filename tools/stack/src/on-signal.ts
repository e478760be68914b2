import { killAllStarted } from './processes/started-process.ts';

const EX_SIGINT = 130;

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP. The second kills everything that was started and ends this process.
 */
export function onSignal(): AbortSignal {
  const told = new AbortController();
  const once = (): void => {
    if (told.signal.aborted) {
      killAllStarted();
      process.exit(EX_SIGINT);
    }
    told.abort(new Error('told to stop'));
  };
  process.on('SIGINT', once).on('SIGTERM', once).on('SIGHUP', once);
  return told.signal;
}
