import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { unavailable } from './exit.ts';

/** The running server of a data folder, as it announces itself there. */
interface RunningServer {
  readonly url: string;
  readonly pid: number;
}

/** Whether a record was ever begun in the folder. */
export const holdsRecord = (dataFolder: string): boolean => existsSync(join(dataFolder, 'log.sqlite'));

/** The address of the folder's running server, if it has one that answers. Throws `unavailable` when it is there and mute. */
export async function runningServerUrl(dataFolder: string): Promise<string | undefined> {
  const running = await runningServer(dataFolder);
  return running !== undefined && (await answers(running.url)) ? running.url : undefined;
}

/** What `server.json` of the folder says, if its process is alive; a file left by a crash counts as none. */
async function runningServer(dataFolder: string): Promise<RunningServer | undefined> {
  let said: Partial<RunningServer>;
  try {
    said = JSON.parse(await readFile(join(dataFolder, 'server.json'), 'utf8')) as Partial<RunningServer>;
  } catch {
    return undefined; // absent, or half written by a process that died: there is no server to talk to
  }
  if (typeof said.url !== 'string' || !Number.isInteger(said.pid)) return undefined;
  return alive(said.pid!) ? { url: said.url, pid: said.pid! } : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's: there all the same
  }
}

/** A server that starts or is busy is given some seconds; one that refuses the connection is not there. */
async function answers(url: string, attempts = 20): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      const { statusCode, body } = await request(`${url}/health/live`, { headersTimeout: 5_000, bodyTimeout: 5_000 });
      await body.dump();
      if (statusCode === 200) return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    }
    await wait(250);
  }
  throw unavailable(`The folder's server at ${url} is there but does not answer`);
}
