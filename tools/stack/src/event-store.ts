import { join } from 'node:path';
import { cleanEnvironment } from './engines/programs.ts';
import { freePort } from './processes/free-port.ts';
import { nodeProgram } from './processes/node-program.ts';
import { faultsOf, Restartable, type Faulty } from './processes/restartable.ts';
import { listens, untilReady } from './processes/until-ready.ts';

const MAIN = 'libs/event-store/src/wire/main.ts';
/** Bytes; what deploy/ sets for EventStoreDB, too: all that a transaction writes to one stream is one append. */
const MAX_APPEND = String(16 * 1024 * 1024);
const READY_LIMIT_MS = 60_000;

export interface RunningEventStore extends Faulty {
  /** esdb://... */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the wire server: EventStoreDB's protocol over the embedded store, in a process of its own. */
export async function startEventStore(folder: string, logFolder: string): Promise<RunningEventStore> {
  const port = await freePort();
  const args = ['--insecure', '--port', String(port), '--folder', folder, '--max-append-size', MAX_APPEND];
  const logFile = join(logFolder, 'event-store.log');
  const server = new Restartable(
    nodeProgram({ name: 'event-store', main: MAIN, args, env: cleanEnvironment(), logFile }),
    {
      ready: (started) => untilReady(started, () => listens(port), { limitMs: READY_LIMIT_MS }),
    },
  );
  await server.start();
  return Object.assign(faultsOf(server), {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    stop: async () => void (await server.stop()),
  });
}
