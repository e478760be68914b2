import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where commands find the server of a data folder: `server.json`, there only while it runs. */
export async function noteServer(folder: string, url: string): Promise<() => Promise<void>> {
  const path = join(folder, 'server.json');
  await writeFile(path, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  return () => rm(path, { force: true });
}
