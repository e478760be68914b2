import { newId } from '@anamnesis/kernel';
import type { AppendResult, EventStore, ExpectedRevision, NewEvent, StoredEvent, StreamWrite } from '../port.ts';
import type { ContractCase, Opened } from './contract-case.ts';

export interface OpenedEventStore extends Opened {
  readonly store: EventStore;
  /** Closes the store and opens it again on the same data; for adapters that can. */
  reopen?(): Promise<EventStore>;
}

export type EventStoreCase = ContractCase<OpenedEventStore>;

export type Appended = Extract<AppendResult, { ok: true }>;
export type Refused = Extract<AppendResult, { ok: false }>;

const META = '{"actor":{"id":"9f1c","role":"nurse","purpose":"TREAT"},"dataClass":"clinical"}';

export function sample(changes: Partial<NewEvent> = {}): NewEvent {
  const id = changes.id ?? newId();
  return { id, type: 'VitalsTaken', schema: 1, meta: META, data: new TextEncoder().encode(`of ${id}`), ...changes };
}

export function samples(count: number): NewEvent[] {
  return Array.from({ length: count }, () => sample());
}

export function streamOf(kind = 'observation'): string {
  return `${kind}-${newId()}`;
}

export function write(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): StreamWrite {
  return { stream, expected, events };
}

/** Appends what must succeed. */
export async function appended(store: EventStore, ...writes: StreamWrite[]): Promise<Appended> {
  const result = writes.length === 1 ? await store.append(writes[0]!) : await store.appendAll(writes);
  if (!result.ok) throw new Error(`The append was refused: ${JSON.stringify(result.conflict)}`);
  return result;
}

/** Appends what must be refused, and shows that nothing was stored. */
export async function refused(store: EventStore, ...writes: StreamWrite[]): Promise<Refused['conflict']> {
  const before = await store.head();
  const result = writes.length === 1 ? await store.append(writes[0]!) : await store.appendAll(writes);
  if (result.ok) throw new Error('The append succeeded, and should have been refused.');
  if ((await store.head()) !== before) throw new Error('A refused append stored something.');
  return result.conflict;
}

/** All events, page by page. */
export async function everything(store: EventStore): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (;;) {
    const from = all.at(-1)?.position;
    const page = await store.readAll(from === undefined ? { limit: 1_000 } : { limit: 1_000, from });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

export function ids(events: readonly { readonly id: string }[]): string[] {
  return events.map(({ id }) => id);
}

/** A promise and its ends, to hold a handler and let it go. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Looks again and again until it holds; rejects after ten seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('What was waited for did not happen.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
