import { kindOf } from '@anamnesis/contracts';
import type { StoredEvent } from '@anamnesis/event-store';
import type { ExtractOptions } from '@anamnesis/fhir/search';
import type { EventOpener, OpenedFact } from '@anamnesis/journal';
import { Fault } from '@anamnesis/kernel';
import type { Operation } from '@anamnesis/read-store';
import { poisoned } from '../domain/poison-event.ts';
import { project, projectErased } from '../domain/record-projector.ts';

/** Streams that carry no resource, by their kind; the most frequent ones, left sealed. */
const LEFT_SEALED = new Set(['access', 'identifier', 'criteria', 'hold']);

/** Faults of one event, by which the rest need not suffer. Others are about the vault or the log: they are thrown. */
const OF_THE_EVENT = new Set<string>(['event-altered']);

/**
 * Opens stored events and projects them. An event that cannot be read becomes an entry in the list of poison events;
 * one whose key was destroyed is skipped. Throws `Fault` when the vault or the log fails.
 */
export async function projectBatch(
  stored: readonly StoredEvent[],
  opener: EventOpener,
  options: ExtractOptions = {},
): Promise<Operation[]> {
  const wanted = stored.filter(({ stream }) => !LEFT_SEALED.has(kindOf(stream)));
  const operations: Operation[] = [];
  const opened = await openOrNot(wanted, opener);
  for (let i = 0; i < wanted.length; i += 1) operations.push(...projected(wanted[i]!, opened[i]!, options));
  return operations;
}

/** All at once; only if that fails one by one, to tell whose fault it is. */
async function openOrNot(stored: readonly StoredEvent[], opener: EventOpener): Promise<(OpenedFact | PoisonCode)[]> {
  try {
    return await opener.openAll(stored);
  } catch (error) {
    if (!isOfTheEvent(error)) throw error;
  }
  const found: (OpenedFact | PoisonCode)[] = [];
  for (const event of stored) {
    try {
      found.push(await opener.open(event));
    } catch (error) {
      if (!isOfTheEvent(error)) throw error;
      found.push({ code: error instanceof Fault ? error.code : 'envelope-unreadable' });
    }
  }
  return found;
}

interface PoisonCode {
  readonly code: string;
}

const isOfTheEvent = (error: unknown): boolean => (error instanceof Fault ? OF_THE_EVENT.has(error.code) : true);

function projected(stored: StoredEvent, opened: OpenedFact | PoisonCode, options: ExtractOptions): Operation[] {
  const { position, type, recordedAt } = stored;
  if ('code' in opened) return [poisoned({ position, type, code: opened.code }, recordedAt)];
  if ('erased' in opened) return projectErased(opened);
  try {
    return project(opened, options);
  } catch {
    // What was thrown may quote the resource: only where it happened is kept.
    return [poisoned({ position, type, code: 'projector-failed' }, recordedAt)];
  }
}
