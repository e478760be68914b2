/**
 * Reads that do not end. A subscription reads the log itself, also when it is live, as fast as its client takes the
 * events: nothing is queued for it, so a slow client costs nothing but its own delay.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Position, Revision } from '@anamnesis/kernel';
import type { EmbeddedReader } from '../embedded/embedded-reader.ts';
import type { AnswerStream } from './answer-stream.ts';
import type { CommitBell } from './commit-bell.ts';
import { resolve } from './links.ts';
import { PageSize } from './page-size.ts';
import { caughtUp, checkpoint, confirmation, fellBehind } from './read-messages.ts';
import type { AllSource, Permitted, StreamSource } from './read-options.ts';
import { readEventBytes } from './recorded-bytes.ts';
import { streamDeleted } from './rpc-errors.ts';
import { logName } from './stream-names.ts';
import { readPage, streamWindow } from './stream-window.ts';
import { Wakeups } from './wakeups.ts';

/** A live subscription that is further behind than this many events has fallen behind. */
const BEHIND = 1_000;

/** What a subscription has told its client of its state. */
class Liveness {
  readonly #answer: AnswerStream;
  #live = false;

  constructor(answer: AnswerStream) {
    this.#answer = answer;
  }

  /** Answers whether this is news. */
  async atHead(): Promise<boolean> {
    if (this.#live) return false;
    this.#live = true;
    await this.#answer.send(caughtUp());
    return true;
  }

  async behind(events: number): Promise<void> {
    if (!this.#live || events <= BEHIND) return;
    this.#live = false;
    await this.#answer.send(fellBehind());
  }
}

export async function subscribeToStream(
  reader: EmbeddedReader,
  bell: CommitBell,
  source: StreamSource,
  options: Permitted,
  answer: AnswerStream,
): Promise<void> {
  const wakeups = new Wakeups(bell, logName(source.stream), answer.gone);
  const size = new PageSize();
  const liveness = new Liveness(answer);
  try {
    let next: Revision =
      source.from === 'start' ? 0 : source.from === 'end' ? endOf(reader, source.stream) : source.from + 1;
    await answer.send(confirmation());
    while (!answer.gone.aborted) {
      const window = streamWindow(reader, source.stream);
      if (window === 'deleted') throw streamDeleted(source.stream);
      const page = window === 'missing' ? undefined : readPage(reader, window, next, 'forwards', size.events);
      if (page !== undefined && window !== 'missing') {
        await liveness.behind(window.last - next);
        for (const event of page.events) {
          await answer.send(readEventBytes(resolve(reader, event, options.mayFollow), options.idForm));
        }
        size.learn(page.events);
        next = page.next ?? Math.max(next, window.last + 1);
      }
      if (page?.next === undefined) {
        await liveness.atHead();
        await wakeups.next();
      } else {
        await yieldToOthers();
      }
    }
  } finally {
    wakeups.stop();
  }
}

/** The revision that the next event of the stream will have. */
function endOf(reader: EmbeddedReader, stream: string): Revision {
  const [last] = reader.readStreamSync(logName(stream), { direction: 'backwards', limit: 1 });
  return last === undefined ? 0 : last.revision + 1;
}

export async function subscribeToAll(
  reader: EmbeddedReader,
  bell: CommitBell,
  source: AllSource,
  options: Permitted,
  answer: AnswerStream,
): Promise<void> {
  const wakeups = new Wakeups(bell, undefined, answer.gone);
  const size = new PageSize();
  const liveness = new Liveness(answer);
  const { filter } = source;
  let lookedAt = 0;
  try {
    let from: Position = source.from === 'start' ? 0 : source.from === 'end' ? reader.headSync() : source.from;
    await answer.send(confirmation());
    while (!answer.gone.aborted) {
      await liveness.behind(reader.headSync() - from);
      const { events } = reader.scanSync(from, size.events);
      for (const event of events) {
        if (filter === undefined || filter.wants(event)) {
          const resolved = resolve(reader, event, options.mayFollow);
          await answer.send(readEventBytes(resolved, options.idForm, event.position));
        }
        from = event.position;
        if (filter !== undefined && ++lookedAt % filter.checkpointInterval === 0) await answer.send(checkpoint(from));
      }
      size.learn(events);
      if (events.length > 0) {
        await yieldToOthers();
        continue;
      }
      const news = await liveness.atHead();
      if (news && filter !== undefined && lookedAt > 0) await answer.send(checkpoint(from));
      await wakeups.next();
    }
  } finally {
    wakeups.stop();
  }
}
