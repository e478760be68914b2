import { setTimeout as sleep } from 'node:timers/promises';
import type { EventReader, StoredEvent } from '@anamnesis/event-store';
import type { ExtractOptions } from '@anamnesis/fhir/search';
import type { EventOpener } from '@anamnesis/journal';
import type { FaultCode, Position } from '@anamnesis/kernel';
import type { ReadModelWriter } from '@anamnesis/read-store';
import { applyBatch } from './apply-batch.ts';
import { persist } from './back-off.ts';
import { projectBatch } from './project-batch.ts';

export interface FollowOptions extends ExtractOptions {
  readonly reader: EventReader;
  readonly opener: EventOpener;
  readonly writer: ReadModelWriter;
  readonly onWaiting: (code: FaultCode | undefined) => void;
  /** Told of each batch once it can be found. */
  readonly onApplied?: (batch: readonly StoredEvent[]) => void;
  /** Most events of one transaction; default 500. A batch is what is there: one event when it is quiet. */
  readonly batchSize?: number;
}

export interface Following {
  /** Resolves when stopped; rejects with a bug, or with what the log's reader could not get over. */
  readonly ended: Promise<void>;
  /** Stops after the batch in hand, or in the midst of waiting for the vault or the disk. */
  stop(): Promise<void>;
}

/**
 * While events keep coming, a small batch is followed by a short rest, so that the next one is larger: a transaction
 * of thirty documents costs each of them a third of what a transaction of three does. In milliseconds, and events.
 */
const REST_MS = 8;
const BUSY_MS = 20;
const SMALL_BATCH = 100;

/** How long progress may wait that no document came with, in milliseconds: reads are events, too, and change nothing. */
const IDLE_PROGRESS_MS = 25;

/** Keeps a read model up with the log, from where the model stands. */
export async function followLog(options: FollowOptions): Promise<Following> {
  const { reader, opener, writer, onWaiting, batchSize = 500 } = options;
  const stopping = new AbortController();
  const patience = { signal: stopping.signal, onWaiting };
  const idle = new IdleProgress(writer);
  let lastEnded = 0;
  const subscription = reader.subscribe({ from: await writer.progress(), batchSize }, async (batch) => {
    const through = batch.at(-1)!.position;
    const operations = await persist(() => projectBatch(batch, opener, options), patience);
    if (operations.length === 0) return idle.reach(through);
    idle.passed();
    const busy = performance.now() - lastEnded < BUSY_MS;
    await persist(() => applyBatch(writer, operations, batch, through), patience);
    options.onApplied?.(batch);
    if (busy && batch.length < SMALL_BATCH)
      await sleep(REST_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    lastEnded = performance.now();
  });
  return {
    // Whoever waits for the end may close the writer then, so what is still to be kept is kept before.
    get ended() {
      return subscription.ended.finally(() => idle.end());
    },
    stop: async () => {
      stopping.abort();
      try {
        await subscription.stop();
      } finally {
        await idle.end();
      }
    },
  };
}

/** Progress without documents, written down together a little later: a transaction for each read would cost more than the read. */
class IdleProgress {
  readonly #writer: ReadModelWriter;
  #through = 0;
  #timer: NodeJS.Timeout | undefined;
  #keeping: Promise<void> = Promise.resolve();

  constructor(writer: ReadModelWriter) {
    this.#writer = writer;
  }

  reach(through: Position): void {
    this.#through = through;
    this.#timer ??= setTimeout(() => void this.end(), IDLE_PROGRESS_MS);
  }

  /** A batch with documents takes the progress with it. */
  passed(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Never rejects: what could not be kept is kept with the next batch, and after a crash looked at once more. */
  end(): Promise<void> {
    if (this.#timer !== undefined) {
      this.passed();
      this.#keeping = this.#writer.apply([], this.#through).catch(() => undefined);
    }
    return this.#keeping;
  }
}
