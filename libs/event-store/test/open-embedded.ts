import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'anamnesis-log-'));
}

/** A fresh embedded store in a folder of its own, for the contract's cases. */
export async function openEmbedded(): Promise<{
  folder: string;
  store: EmbeddedEventStore;
  reopen: () => Promise<EmbeddedEventStore>;
  cleanup: () => Promise<void>;
}> {
  const folder = await temporaryFolder();
  const store = await EmbeddedEventStore.open({ folder });
  let current = store;
  return {
    folder,
    store,
    async reopen() {
      await current.close();
      current = await EmbeddedEventStore.open({ folder });
      return current;
    },
    async cleanup() {
      await current.close();
      await rm(folder, { recursive: true });
    },
  };
}
