import type { EventStore, NewEvent, StreamWrite } from '@anamnesis/event-store';
import { derivedId } from '@anamnesis/kernel';
import { keyOwnerOf, seal, type KeyVault } from '@anamnesis/key-vault';
import { envelopeWriter, sealingOf } from './envelope.ts';
import { writePlaintext } from './plaintext.ts';
import type { Committable, Committed, Journal, Pending, Work } from './port.ts';
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
  commit(pending: readonly Committable[], work: Work): Promise<Committed> {
    try {
      const sealing = this.#sealed(pending, work, '');
      return sealing instanceof Promise
        ? sealing.then((writes) => this.#store.appendAll(writes))
        : this.#store.appendAll(sealing);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async seal(pending: readonly Pending[], work: Work, part: string): Promise<readonly StreamWrite[]> {
    return this.#sealed(pending, work, `${part} `);
  }

  keyedHash(purpose: string, text: string): string {
    return this.#vault.keyedHash(purpose, text);
  }

  #sealed(pending: readonly Committable[], work: Work, part: string): StreamWrite[] | Promise<StreamWrite[]> {
    const sealings = pending.map((one) => ('events' in one ? undefined : sealingOf(one, work)));
    const keys: Uint8Array[] = [];
    for (const [i, sealing] of sealings.entries()) {
      const key = sealing === undefined || isCondition(pending[i]!) ? none : this.#vault.cached(keyOwnerOf(sealing));
      if (!key) return this.#sealedWithNewKeys(pending, sealings, work, part);
      keys.push(key);
    }
    return writesOf(pending, sealings, keys, work, part);
  }

  /** Keys that were waited for are copies: cached ones may have been evicted meanwhile. */
  async #sealedWithNewKeys(
    pending: readonly Committable[],
    sealings: readonly (Sealing | undefined)[],
    work: Work,
    part: string,
  ): Promise<StreamWrite[]> {
    const keys = await Promise.all(
      sealings.map((sealing, i) =>
        sealing === undefined || isCondition(pending[i]!) ? none : this.#vault.ensure(keyOwnerOf(sealing)),
      ),
    );
    return writesOf(pending, sealings, keys, work, part);
  }
}

function writesOf(
  pending: readonly Committable[],
  sealings: readonly (Sealing | undefined)[],
  keys: readonly Uint8Array[],
  work: Work,
  part: string,
): StreamWrite[] {
  const envelopeOf = envelopeWriter(work);
  let index = 0;
  return pending.map((one, i): StreamWrite => {
    if ('events' in one) return one;
    const { stream, expected, facts } = one;
    if (facts.length === 0) return { stream, expected, events: [] };
    const meta = envelopeOf(sealings[i]!);
    const events = facts.map((fact): NewEvent => {
      const { type, schema } = fact;
      const place = index++;
      const id = derivedId(work.command, part === '' ? place : part + place);
      const data = seal(keys[i]!, { stream, id, type, schema }, writePlaintext(fact));
      return { id, type, schema, meta, data };
    });
    return { stream, expected, events };
  });
}

/** A mere condition on a stream's revision: it needs no key, and makes none. */
const isCondition = (one: Committable): boolean => 'facts' in one && one.facts.length === 0;

type Sealing = ReturnType<typeof sealingOf>;

/** Stands for the key of a write that needs none. */
const none = new Uint8Array();
