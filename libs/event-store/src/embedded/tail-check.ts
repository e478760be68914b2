import type { DatabaseSync } from 'node:sqlite';
import type { Position } from '@anamnesis/kernel';
import { decodeStored } from '../stored-bytes.ts';
import { CorruptLog, toFault } from './sqlite-fault.ts';

/** How many of the last events are looked at: what a crash could have torn is far less. */
const CHECKED_EVENTS = 256;

interface Row {
  readonly position: Position;
  readonly streamId: number;
  readonly revision: number;
  readonly bytes: Uint8Array;
}

/**
 * A check of the log's end that takes milliseconds whatever its length: positions without a gap, each event readable
 * and where its bytes and the index say, the stamps not behind. The whole log is the matter of `audit verify`.
 * Throws `CorruptLog` with the first position that is wrong.
 */
export function checkTail(database: DatabaseSync): void {
  const head = ends(database);
  const from = Math.max(1, head - CHECKED_EVENTS + 1);
  const row = database.prepare(
    'SELECT position, stream_id AS streamId, revision, bytes FROM events WHERE position = ?',
  );
  const indexed = database.prepare(
    `SELECT position FROM events INDEXED BY events_by_stream
     WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND revision = ?`,
  );
  for (let position = from; position <= head; position++) {
    try {
      const found = row.get(position) as unknown as Row | undefined;
      if (found === undefined) throw new CorruptLog(position);
      const event = decodeStored(found.bytes, position);
      const entry = indexed.get(event.stream, event.revision);
      if (event.revision !== found.revision || entry?.['position'] !== position) throw new CorruptLog(position);
    } catch (error) {
      throw located(error, position);
    }
  }
}

/** The last position, once the first is 1 and the last stamp agrees. */
function ends(database: DatabaseSync): Position {
  try {
    const row = database
      .prepare(
        `SELECT (SELECT min(position) FROM events) AS first, (SELECT max(position) FROM events) AS last,
           (SELECT position FROM stamps ORDER BY at DESC LIMIT 1) AS stamped`,
      )
      .get();
    if (row?.['last'] === null || row === undefined) return 0;
    if (row['first'] !== 1) throw new CorruptLog(1);
    if (row['stamped'] !== row['last'])
      throw new CorruptLog(Math.min(Number(row['stamped'] ?? 0), Number(row['last'])) + 1);
    return Number(row['last']);
  } catch (error) {
    throw toFault(error);
  }
}

function located(error: unknown, position: Position): unknown {
  const fault = toFault(error) as { code?: string };
  return fault.code === 'store-corrupt' && !(fault instanceof CorruptLog && fault.position > 0)
    ? new CorruptLog(position, error)
    : fault;
}
