/** Reads that end: of a stream and of $all, page by page, so that no read keeps the others waiting. */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Position } from '@anamnesis/kernel';
import type { EmbeddedReader } from '../embedded/embedded-reader.ts';
import type { StoredEvent } from '../port.ts';
import type { AnswerStream } from './answer-stream.ts';
import { resolve } from './links.ts';
import { firstStreamPosition, lastStreamPosition, streamNotFound } from './read-messages.ts';
import type { AllSource, Permitted, StreamSource } from './read-options.ts';
import { readEventBytes } from './recorded-bytes.ts';
import { streamDeleted } from './rpc-errors.ts';
import { PageSize } from './page-size.ts';
import { readPage, streamWindow } from './stream-window.ts';

/** Rows that a filtered read looks at before it lets others have their turn. */
const LOOKED_AT = 500;

type Bounded = Permitted & { readonly count: number };

export async function readStream(
  reader: EmbeddedReader,
  source: StreamSource,
  options: Bounded,
  answer: AnswerStream,
): Promise<void> {
  const window = streamWindow(reader, source.stream);
  if (window === 'deleted') throw streamDeleted(source.stream);
  if (window === 'missing') return void (await answer.send(streamNotFound(source.stream)));
  const size = new PageSize();
  let left = options.count;
  let from: number | undefined = startOf(source.from);
  if (options.tellsEnds && options.direction === 'forwards' && from < window.first) {
    await answer.send(firstStreamPosition(window.first));
  }
  while (from !== undefined && left > 0 && !answer.gone.aborted) {
    const page = readPage(reader, window, from, options.direction, Math.min(left, size.events));
    for (const event of page.events) {
      await answer.send(readEventBytes(resolve(reader, event, options.mayFollow), options.idForm));
    }
    size.learn(page.events);
    left -= page.events.length;
    from = page.next;
    await yieldToOthers();
  }
  if (options.tellsEnds) await answer.send(lastStreamPosition(window.last));
}

/** From a position on: forwards with the event that stands there, backwards with the one before. */
export async function readAll(
  reader: EmbeddedReader,
  source: AllSource,
  options: Bounded,
  answer: AnswerStream,
): Promise<void> {
  const size = new PageSize();
  const { direction } = options;
  const start = startOf(source.from);
  // The log's own start is exclusive both ways.
  let from: Position = direction === 'forwards' ? Math.max(start - 1, 0) : start;
  let left = options.count;
  while (left > 0 && !answer.gone.aborted) {
    const limit = source.filter === undefined ? Math.min(left, size.events) : Math.min(LOOKED_AT, size.events);
    const page: StoredEvent[] = reader.readAllSync({ from, direction, limit });
    for (const event of page) {
      if (left === 0 || source.filter?.wants(event) === false) continue;
      left -= 1;
      const resolved = resolve(reader, event, options.mayFollow);
      await answer.send(readEventBytes(resolved, options.idForm, event.position));
    }
    if (page.length < limit) return;
    size.learn(page);
    from = page.at(-1)!.position;
    await yieldToOthers();
  }
}

function startOf(from: number | 'start' | 'end'): number {
  if (from === 'start') return 0;
  return from === 'end' ? Number.MAX_SAFE_INTEGER : from;
}
