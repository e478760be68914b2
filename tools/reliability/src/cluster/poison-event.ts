import { EventStoreDb } from '@anamnesis/event-store/eventstoredb';
import { newId } from '@anamnesis/kernel';

const ACTOR = { id: 'reliability', role: 'integration', purpose: 'HOPERAT' };

/** Appends an event that nobody can open, to the stream of a resource that nobody else writes to; its position. */
export async function appendPoison(connectionString: string): Promise<number> {
  const store = await EventStoreDb.open({ connectionString });
  try {
    const [id, command] = [newId(), newId()];
    const meta = JSON.stringify({ actor: ACTOR, dataClass: 'clinical', command, correlation: command });
    const event = { id, type: 'ConditionRecorded', schema: 1, meta, data: Buffer.alloc(64, id) };
    const result = await store.append({ stream: `condition-${newId()}`, expected: 'none', events: [event] });
    if (!result.ok) throw new Error('a stream of a new name was there already');
    return result.position;
  } finally {
    await store.close();
  }
}
