import type { Actor, DataClass, EventMeta } from '@anamnesis/kernel';
import { auditMonth } from '@anamnesis/key-vault';
import type { Pending, Work } from './port.ts';

/** An event's clear part, and what it is made from. */
type Sealing = Pick<EventMeta, 'subject' | 'dataClass' | 'sealedBy'>;

/** One caller acts often: its part of the text is made once. */
const actors = new WeakMap<Actor, string>();

/** Which key seals the facts of a pending write. */
export function sealingOf({ subject, dataClass }: Pending, { at }: Work): Sealing {
  if (subject !== undefined) return { subject, dataClass };
  return dataClass === 'access' ? { dataClass, sealedBy: auditMonth(at ?? Date.now()) } : { dataClass };
}

/**
 * Writes the clear parts of one piece of work as JSON text. All events of a pending write share one text; the parts
 * that all of the work shares are written once.
 */
export function envelopeWriter(work: Work): (sealing: Sealing) => string {
  const head = `{"actor":${actorText(work.actor)},`;
  const { command, correlation, causation, traceparent } = work;
  const tail = JSON.stringify({ command, correlation, causation, traceparent } satisfies TailOf<EventMeta>).slice(1);
  return ({ subject, dataClass, sealedBy }) => {
    const owner = subject === undefined ? '' : `"subject":${JSON.stringify(subject)},`;
    const sealer = sealedBy === undefined ? '' : `"sealedBy":"${sealedBy}",`;
    return `${head}${owner}"dataClass":"${dataClass satisfies DataClass}",${sealer}${tail}`;
  };
}

type TailOf<M extends EventMeta> = { [K in Exclude<keyof M, 'actor' | keyof Sealing>]: M[K] | undefined };

function actorText(actor: Actor): string {
  let text = actors.get(actor);
  if (text === undefined) {
    const { id, role, facility, purpose } = actor;
    text = JSON.stringify({ id, role, facility, purpose });
    actors.set(actor, text);
  }
  return text;
}
