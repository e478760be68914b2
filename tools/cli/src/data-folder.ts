import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The running server of a data folder, as it announces itself there. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
}

/** What `server.json` of the folder says, if its process is alive; a file left by a crash counts as none. */
export async function runningServer(dataFolder: string): Promise<RunningServer | undefined> {
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
