import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { usage } from '../exit.ts';

/**
 * Writes the exact stored bytes of the folder's log, sealed as they are, beside a running server as well: then up to
 * the position at which it started.
 */
export async function exportLog(folder: string, file: string): Promise<{ readonly events: number }> {
  if (!existsSync(join(folder, 'log.sqlite'))) throw usage(`There is no log in the data folder: ${folder}`);
  if (existsSync(file)) throw usage(`There is such a file already: ${file}`);
  const { LogSource, writeLog } = await import('@anamnesis/audit-service/verify');
  const source = new LogSource(folder);
  try {
    return await writeLog(file, source.rows(1, source.head()));
  } finally {
    source.close();
  }
}
