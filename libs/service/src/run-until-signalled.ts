import type { Log } from './log.ts';
import type { RunningService } from './start-service.ts';

/**
 * Stops the service on SIGTERM or SIGINT (a second signal ends the process at once) and ends the process on a bug that
 * nobody caught: its state can no longer be trusted. The error's message is not written, it may quote patient data.
 */
export function runUntilSignalled(service: Pick<RunningService, 'stop'>, log: Log): void {
  const crash = (error: unknown): void => {
    log.error('a bug ended the process', { error });
    log.flush();
    process.exit(70); // EX_SOFTWARE
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      process.once(signal, () => process.exit(130));
      service.stop().then(() => process.exit(0), crash);
    });
  }
}
