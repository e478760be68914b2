import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { TracedJournal } from '@anamnesis/journal/traced';
import { Fault } from '@anamnesis/kernel';
import { ErasureLedger } from '@anamnesis/key-vault';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';

/** The log, the keys, and the journal over both. */
export interface Storage {
  readonly store: EmbeddedEventStore;
  readonly vault: EmbeddedKeyVault;
  readonly ledger: ErasureLedger | undefined;
  readonly journal: TracedJournal;
  close(): Promise<void>;
}

/**
 * Opens a data folder. The ledger of erasures, where there is one, is applied before anything is read: what a restored
 * older copy brought back is destroyed again.
 */
export async function openStorage(folder: string, ledgerPath: string | undefined): Promise<Storage> {
  const store = await EmbeddedEventStore.open({ folder });
  try {
    const vault = await EmbeddedKeyVault.open({ folder });
    try {
      // Keys were lost, or the log was put beside another vault: nothing could be read, and new keys would hide it.
      if (vault.made && (await store.head()) > 0) {
        throw new Fault('vault-key-wrong', 'The data folder has a log but no keys: bring back its keys folder.');
      }
      const ledger = ledgerPath === undefined ? undefined : await ErasureLedger.open({ path: ledgerPath });
      await ledger?.apply(vault);
      const journal = new TracedJournal(store, vault);
      return {
        store,
        vault,
        ledger,
        journal,
        close: async () => {
          await store.close();
          await vault.close();
        },
      };
    } catch (error) {
      await vault.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}
