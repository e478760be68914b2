import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import type { StoredEvent } from '@anamnesis/event-store';
import { SealedJournal, type Committed, type Pending, type Work } from '@anamnesis/journal';
import { recordAppend, telemetryIsOn, trace } from '@anamnesis/service';
import { Fault, type RecordedFact } from '@anamnesis/kernel';
import { ErasureLedger } from '@anamnesis/key-vault';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';

/** The log, the keys, and the journal over both. */
export interface Storage {
  readonly store: EmbeddedEventStore;
  readonly vault: EmbeddedKeyVault;
  readonly ledger: ErasureLedger | undefined;
  readonly journal: OpeningSealedJournal;
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
      const journal = new OpeningSealedJournal(store, vault);
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

/** The journal, with the two further ways in which the front door reads. */
export class OpeningSealedJournal extends SealedJournal {
  readonly #events: EmbeddedEventStore;

  constructor(store: EmbeddedEventStore, vault: EmbeddedKeyVault) {
    super(store, vault);
    this.#events = store;
  }

  /** The append, traced and timed when telemetry is on. */
  override commit(pending: readonly Pending[], work: Work): Promise<Committed> {
    if (!telemetryIsOn()) return super.commit(pending, work);
    const events = pending.reduce((sum, { facts }) => sum + facts.length, 0);
    const started = performance.now();
    return trace('event-store append', { 'anamnesis.events': events }, async () => {
      const committed = await super.commit(pending, work);
      recordAppend(performance.now() - started, events);
      return committed;
    });
  }

  async loadFirst(stream: string): Promise<RecordedFact | undefined> {
    const [first] = await this.#events.readStream(stream, { limit: 1 });
    return first && this.openStored(first);
  }

  /** Undefined: its key was destroyed. */
  async openStored(stored: StoredEvent): Promise<RecordedFact | undefined> {
    const opened = await this.open(stored);
    return 'erased' in opened ? undefined : opened;
  }
}
