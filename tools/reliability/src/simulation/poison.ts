import { derivedId } from '@anamnesis/kernel';
import type { Poison, Step } from './plan.ts';
import type { World } from './world.ts';

/** What the projection says of each kind. */
export const POISON_CODES: Readonly<Record<Poison, string>> = {
  'garbled-data': 'event-altered',
  'garbled-envelope': 'envelope-unreadable',
  'no-resource': 'projector-failed',
};

const ACTOR = { id: 'simulated', role: 'nurse', purpose: 'TREAT' };

/** Appends an event that no projector can make sense of. */
export async function appendPoison(world: World, step: Extract<Step, { do: 'poison' }>): Promise<void> {
  const { stream, id, kind } = step;
  if (kind === 'no-resource') {
    const facts = { resourceType: 'Observation', id: stream.slice('observation-'.length), versionId: '1' };
    const fact = { type: 'PoisonRecorded', schema: 1, facts, resource: '{"resourceType":' };
    const pending = { stream, expected: 'none' as const, facts: [fact], dataClass: 'clinical' as const };
    await world.journal.commit([pending], { command: id, actor: ACTOR, correlation: id });
    return;
  }
  const meta = kind === 'garbled-envelope' ? '{"actor":' : JSON.stringify(metaOf(id));
  const event = { id: derivedId(id, 0), type: 'PoisonRecorded', schema: 1, meta, data: Buffer.alloc(64, id) };
  await world.store.append({ stream, expected: 'none', events: [event] });
}

const metaOf = (command: string) => ({ actor: ACTOR, dataClass: 'clinical', command, correlation: command });
