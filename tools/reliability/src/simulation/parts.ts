import { join } from 'node:path';
import type { EventBus } from '@anamnesis/event-bus';
import type { EventReader, EventStore, StoredEvent } from '@anamnesis/event-store';
import { EmbeddedEventBus } from '@anamnesis/event-bus/embedded';
import type { EventOpener } from '@anamnesis/journal';
import { handle } from '@anamnesis/kernel';
import { RECORDS } from '@anamnesis/contracts';
import { projectBatch } from '@anamnesis/projections-service';
import type { Document, Operation, ReadModelReader, ReadModelWriter } from '@anamnesis/read-store';
import { openReadStore } from '@anamnesis/read-store/embedded';
import { copyAsLeft } from './world.ts';

/** A read model as a case uses it: written to, looked at, left as a crash leaves it. */
export interface Model {
  readonly writer: ReadModelWriter;
  get(type: string, id: string): Promise<Document | undefined>;
  /** Builds it anew beside the live one and swaps it in; the writer is then another. Absent: it cannot. */
  rebuild?(load: (writer: ReadModelWriter) => Promise<void>): Promise<void>;
  /** For searches. Absent: it takes none. */
  readonly reader?: ReadModelReader;
  close(): Promise<void>;
}

/** What the simulation drives. A broken one in the place of any of them must be found out. */
export interface Parts {
  readonly handle: typeof handle;
  readonly project: (stored: readonly StoredEvent[], opener: EventOpener) => Promise<Operation[]>;
  store(real: EventStore): EventStore;
  openBus(folder: string, reader: EventReader): EventBus;
  openModel(folder: string): Promise<Model>;
  /** Copies a bus's or a model's files as a killed process leaves them. */
  copy(from: string, to: string): void;
}

export const realParts: Parts = {
  handle,
  project: projectBatch,
  store: (real) => real,
  openBus: (folder, reader) => EmbeddedEventBus.open({ folder, reader, backoff: { firstMs: 0, longestMs: 0 } }),
  openModel: openEmbeddedModel,
  copy: copyAsLeft,
};

/** Small caches: a case is small, and there are many. */
const MIB = 1024 * 1024;

export async function openEmbeddedModel(folder: string): Promise<Model> {
  const store = openReadStore({ folder: join(folder, 'read'), writerCacheBytes: MIB, queryCacheBytes: MIB });
  const writer = await store.writer(RECORDS);
  const reader = await store.reader(RECORDS);
  return {
    writer,
    reader,
    get: (type, id) => reader.get(type, id),
    rebuild: async (load) => {
      const building = await store.build(RECORDS);
      await load(building);
      await store.swap(RECORDS);
    },
    close: () => store.close(),
  };
}
