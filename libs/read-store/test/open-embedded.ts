import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenedReadStore } from '@anamnesis/read-store/contract';
import { openReadStore, type EmbeddedReadStore, type EmbeddedReadStoreOptions } from '@anamnesis/read-store/embedded';

export interface OpenedEmbedded extends OpenedReadStore {
  readonly store: EmbeddedReadStore;
  readonly folder: string;
}

/** A store in a folder of its own, which goes with it. */
export async function openEmbedded(options: Partial<EmbeddedReadStoreOptions> = {}): Promise<OpenedEmbedded> {
  const folder = await mkdtemp(join(tmpdir(), 'read-store-'));
  const store = openReadStore({ folder, ...options });
  return {
    store,
    folder,
    async cleanup() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
