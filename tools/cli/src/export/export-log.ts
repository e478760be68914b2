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

/** The same of the log in an EventStoreDB: its events in their canonical bytes, numbered by their place. */
export async function exportEventStore(connectionString: string, file: string): Promise<{ readonly events: number }> {
  if (existsSync(file)) throw usage(`There is such a file already: ${file}`);
  const { EventStoreDb } = await import('@anamnesis/event-store/eventstoredb');
  const { encodeStored } = await import('@anamnesis/event-store');
  const { writeLog } = await import('@anamnesis/audit-service');
  const store = await EventStoreDb.open({ connectionString });
  const end = await store.head();
  async function* stored() {
    let place = 0;
    for (let from = 0; from < end;) {
      const events = (await store.readAll({ from, limit: STEP })).filter(({ position }) => position <= end);
      if (events.length === 0) return;
      for (const event of events) yield { position: (place += 1), bytes: encodeStored(event) };
      from = events.at(-1)!.position;
    }
  }
  try {
    return await writeLog(file, stored(), { gaps: true });
  } finally {
    await store.close();
  }
}
