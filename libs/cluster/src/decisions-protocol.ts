import type { StreamWrite } from '@anamnesis/event-store';
import type { Work } from '@anamnesis/journal';
import type { Decided, WriteIntent } from '@anamnesis/records';

/** Where a context decides, and in which form: events are sealed, their bytes in base64. */
export const DECISIONS_PATH = '/internal/decisions';

type Written = Omit<StreamWrite, 'events'> & {
  readonly events: readonly (Omit<StreamWrite['events'][number], 'data'> & { readonly data: string })[];
};

export type SealedDecision = Decided<Written>;

export interface DecisionsAnswer {
  readonly decided: readonly SealedDecision[];
}

export const writeSealed = ({ stream, expected, events }: StreamWrite): Written => ({
  stream,
  expected,
  events: events.map((event) => ({ ...event, data: Buffer.from(event.data).toString('base64') })),
});

export const readSealed = ({ stream, expected, events }: Written): StreamWrite => ({
  stream,
  expected,
  events: events.map((event) => ({ ...event, data: Buffer.from(event.data, 'base64') })),
});

/** The question's JSON text. A resource goes as its text alone; who reads it parses it again. */
export function decisionsQuestion(intents: readonly WriteIntent[], attempt: number, work: Work): string {
  const { id: command, at, actor } = intents[0]!.command;
  const { correlation, traceparent } = work;
  return JSON.stringify({
    intents: intents.map(({ resource, command: _shared, ...intent }) => ({ ...intent, text: resource?.text })),
    attempt,
    command,
    at,
    actor,
    correlation,
    traceparent,
  });
}
