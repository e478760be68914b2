import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { EmbeddedEventBus, type EmbeddedEventBusOptions } from '@anamnesis/event-bus/embedded';

/** A fresh bus on a fresh store, in a folder of their own. */
export async function openEmbedded(options: Partial<EmbeddedEventBusOptions> = {}): Promise<{
  folder: string;
  store: EmbeddedEventStore;
  bus: EmbeddedEventBus;
  reopen: () => Promise<EmbeddedEventBus>;
  cleanup: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bus-'));
  const store = await EmbeddedEventStore.open({ folder });
  const open = (): EmbeddedEventBus =>
    EmbeddedEventBus.open({ folder, reader: store, backoff: { firstMs: 2, longestMs: 10 }, ...options });
  const bus = open();
  let current = bus;
  return {
    folder,
    store,
    bus,
    async reopen() {
      await current.close();
      current = open();
      return current;
    },
    async cleanup() {
      await current.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
