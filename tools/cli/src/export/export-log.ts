import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { usage } from '../exit.ts';

const STEP = 1_000;

/**
 * Writes the exact stored bytes of the folder's log, sealed as they are, beside a running server as well: then up to
 * the position at which it started.
 */
export async function exportLog(folder: string, file: string): Promise<{ readonly events: number }> {
  if (!existsSync(join(folder, 'log.sqlite'))) throw usage(`There is no log in the data folder: ${folder}`);
  if (existsSync(file)) throw usage(`There is such a file already: ${file}`);
  const { openEmbeddedReader } = await import('@anamnesis/event-store/embedded');
  const { writeLog } = await import('@anamnesis/audit-service');
  const reader = openEmbeddedReader({ folder });
  const end = await reader.head();
  function* stored() {
    for (let from = 0; from < end;) {
      const events = reader.readRawSync(from, STEP).filter(({ position }) => position <= end);
      if (events.length === 0) return;
      yield* events;
      from = events.at(-1)!.position;
    }
  }
  try {
    return await writeLog(file, stored());
  } finally {
    await reader.close();
  }
}
