import { Fault } from '@anamnesis/kernel';
import { asked, HELP } from './command-line.ts';
import { startWireServer, type WireServer, type WireServerOptions } from './start-wire-server.ts';

/** sysexits.h */
const EX_UNAVAILABLE = 69;

const wish = asked(process.argv.slice(2));
if (wish.kind === 'help') process.stdout.write(HELP);
else if (wish.kind === 'serve') await serve(wish.options);
else fail(wish.code, `${wish.message}; npm run event-store -- --help tells more.`);

async function serve(options: WireServerOptions & { readonly folder: string }): Promise<void> {
  process.umask(0o077); // whatever the folder holds is its owner's alone
  try {
    const server = await startWireServer(options);
    // A program that starts this one waits for the line and takes the address from it.
    process.stdout.write(`The event store ${options.folder} is served at ${server.url}\n`);
    stopWhenSignalled(server);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    fail(EX_UNAVAILABLE, `The event store did not start: ${error.message}`);
  }
}

function stopWhenSignalled(server: WireServer): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    void server.stop();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

function fail(code: number, message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = code;
}
