import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { SealedJournal, type Upcasters } from '../src/index.ts';

/** A journal on the embedded engines, in a folder that goes with it. */
export interface TemporaryJournal {
  readonly folder: string;
  readonly store: EmbeddedEventStore;
  readonly vault: EmbeddedKeyVault;
  readonly journal: SealedJournal;
  remove(): Promise<void>;
}

export async function temporaryJournal(upcasters?: Upcasters): Promise<TemporaryJournal> {
  const folder = await mkdtemp(join(tmpdir(), 'anamnesis-journal-'));
  const store = await EmbeddedEventStore.open({ folder });
  const vault = await EmbeddedKeyVault.open({ folder });
  return {
    folder,
    store,
    vault,
    journal: new SealedJournal(store, vault, upcasters),
    async remove() {
      await store.close();
      await vault.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The bytes of every file in the folder. */
export async function allBytes(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
}
