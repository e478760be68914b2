import type { EventStore, NewEvent, StreamWrite } from '@anamnesis/event-store';
import { derivedId } from '@anamnesis/kernel';
import { keyOwnerOf, seal, type KeyVault } from '@anamnesis/key-vault';
import { envelopeWriter, sealingOf } from './envelope.ts';
import { writePlaintext } from './plaintext.ts';
import type { Committed, Journal, Pending, Work } from './port.ts';
import { SealedJournalReader } from './sealed-journal-reader.ts';
import type { Upcasters } from './upcasters.ts';

/** Sealed events in and out of an event store, with keys of a vault. Owns neither: who made them closes them. */
export class SealedJournal extends SealedJournalReader implements Journal {
  readonly #store: EventStore;
  readonly #vault: KeyVault;

  constructor(store: EventStore, vault: KeyVault, upcasters?: Upcasters) {
    super(store, vault, upcasters);
    this.#store = store;
    this.#vault = vault;
  }

  /** Where every key is at hand, the events are sealed in this turn of the loop: one promise, the store's own. */
  commit(pending: readonly Pending[], work: Work): Promise<Committed> {
    try {
      const sealings = pending.map((one) => sealingOf(one, work));
      const keys: Uint8Array[] = [];
      for (const [i, sealing] of sealings.entries()) {
        const key = pending[i]!.facts.length === 0 ? none : this.#vault.cached(keyOwnerOf(sealing));
        if (!key) return this.#commitWithNewKeys(pending, sealings, work);
        keys.push(key);
      }
      return this.#append(pending, sealings, keys, work);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  keyedHash(purpose: string, text: string): string {
    return this.#vault.keyedHash(purpose, text);
  }

  /** Keys that were waited for are copies: cached ones may have been evicted meanwhile. */
  async #commitWithNewKeys(pending: readonly Pending[], sealings: readonly Sealing[], work: Work): Promise<Committed> {
    const keys = await Promise.all(
      sealings.map((sealing, i) => (pending[i]!.facts.length === 0 ? none : this.#vault.ensure(keyOwnerOf(sealing)))),
    );
    return this.#append(pending, sealings, keys, work);
  }

  #append(
    pending: readonly Pending[],
    sealings: readonly Sealing[],
    keys: readonly Uint8Array[],
    work: Work,
  ): Promise<Committed> {
    const envelopeOf = envelopeWriter(work);
    let index = 0;
    const writes = pending.map(({ stream, expected, facts }, i): StreamWrite => {
      if (facts.length === 0) return { stream, expected, events: [] };
      const meta = envelopeOf(sealings[i]!);
      const events = facts.map((fact): NewEvent => {
        const { type, schema } = fact;
        const id = derivedId(work.command, index++);
        const data = seal(keys[i]!, { stream, id, type, schema }, writePlaintext(fact));
        return { id, type, schema, meta, data };
      });
      return { stream, expected, events };
    });
    return this.#store.appendAll(writes);
  }
}

type Sealing = ReturnType<typeof sealingOf>;

/** Stands for the key of a write without facts: a mere condition needs none, and makes none. */
const none = new Uint8Array();
