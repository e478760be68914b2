import type { EventReader, StoredEvent } from '@anamnesis/event-store';
import type { ExtractOptions } from '@anamnesis/fhir/search';
import type { EventOpener } from '@anamnesis/journal';
import type { FaultCode } from '@anamnesis/kernel';
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

/** Keeps a read model up with the log, from where the model stands. */
export async function followLog(options: FollowOptions): Promise<Following> {
  const { reader, opener, writer, onWaiting, batchSize = 500 } = options;
  const stopping = new AbortController();
  const patience = { signal: stopping.signal, onWaiting };
  const subscription = reader.subscribe({ from: await writer.progress(), batchSize }, async (batch) => {
    const through = batch.at(-1)!.position;
    const operations = await persist(() => projectBatch(batch, opener, options), patience);
    await persist(() => applyBatch(writer, operations, batch, through), patience);
    options.onApplied?.(batch);
  });
  return {
    ended: subscription.ended,
    stop: async () => {
      stopping.abort();
      await subscription.stop();
    },
  };
}
