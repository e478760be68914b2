import type { EventReader, StoredEvent } from '@anamnesis/event-store';
import { Fault, type EventMeta, type Position, type RecordedFact } from '@anamnesis/kernel';
import { keyOwnerOf, open, type KeyOwner, type KeyReader } from '@anamnesis/key-vault';
import { readPlaintext } from './plaintext.ts';
import type { EventOpener, JournalReader, Loaded, OpenedFact } from './port.ts';
import { everyContexts, type Upcasters } from './upcasters.ts';

const PAGE = 1_000;

/** A stored event with its clear part parsed. */
interface Addressed {
  readonly stored: StoredEvent;
  readonly meta: EventMeta;
  readonly owner: KeyOwner;
}

/** Opens what the log holds. Owns neither the log nor the vault: who made them closes them. */
export class SealedJournalReader implements JournalReader, EventOpener {
  readonly #events: EventReader;
  readonly #keys: KeyReader;
  readonly #upcasters: Upcasters;

  constructor(events: EventReader, keys: KeyReader, upcasters: Upcasters = everyContexts) {
    this.#events = events;
    this.#keys = keys;
    this.#upcasters = upcasters;
  }

  async load(stream: string, options: { readonly upTo?: Position } = {}): Promise<Loaded> {
    const facts: RecordedFact[] = [];
    let from = 0;
    for (;;) {
      const page = await this.#events.readStream(stream, { ...options, from, limit: PAGE });
      facts.push(...(await this.#openOrThrow(page)));
      const last = page.at(-1);
      if (page.length < PAGE || !last) return { facts, revision: facts.at(-1)?.revision ?? 'none' };
      from = last.revision + 1;
    }
  }

  async loadBackwards(
    stream: string,
    limit: number,
    options: { readonly upTo?: Position } = {},
  ): Promise<readonly RecordedFact[]> {
    const stored = await this.#events.readStream(stream, { ...options, direction: 'backwards', limit });
    return this.#openOrThrow(stored);
  }

  /** The stream's first fact. */
  async loadFirst(stream: string): Promise<RecordedFact | undefined> {
    const [first] = await this.#events.readStream(stream, { limit: 1 });
    return first && this.openStored(first);
  }

  /** Undefined: its key was destroyed. */
  async openStored(stored: StoredEvent): Promise<RecordedFact | undefined> {
    const opened = await this.open(stored);
    return 'erased' in opened ? undefined : opened;
  }

  async open(stored: StoredEvent): Promise<OpenedFact> {
    const one = address(stored);
    const key = this.#keys.cached(one.owner);
    return key ? this.#opened(one, key) : this.#openErasable(one);
  }

  async openAll(stored: readonly StoredEvent[]): Promise<OpenedFact[]> {
    const opened: OpenedFact[] = [];
    for (const event of stored) {
      const one = address(event);
      // What is cached is opened without a pause; a batch of one patient waits once.
      const key = this.#keys.cached(one.owner);
      opened.push(key ? this.#opened(one, key) : await this.#openErasable(one));
    }
    return opened;
  }

  async #openOrThrow(stored: readonly StoredEvent[]): Promise<RecordedFact[]> {
    const opened: RecordedFact[] = [];
    for (const event of stored) {
      const one = address(event);
      opened.push(this.#opened(one, this.#keys.cached(one.owner) ?? (await this.#key(one.owner))));
    }
    return opened;
  }

  async #openErasable(one: Addressed): Promise<OpenedFact> {
    try {
      return this.#opened(one, await this.#key(one.owner));
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'key-destroyed')) throw error;
      const { stored, meta } = one;
      const { id, type, schema, stream, revision, position, recordedAt } = stored;
      return { erased: true, id, type, schema, stream, revision, position, recordedAt, meta };
    }
  }

  async #key(owner: KeyOwner): Promise<Uint8Array> {
    const key = await this.#keys.get(owner);
    if (key) return key;
    throw new Fault(
      'vault-key-wrong',
      'The vault has no key for a stored event: it is not the one that sealed the log.',
    );
  }

  #opened({ stored, meta }: Addressed, key: Uint8Array): RecordedFact {
    const { id, type, schema, stream, revision, position, recordedAt } = stored;
    const sealed = readPlaintext(open(key, stored, stored.data));
    return { ...this.#upcasters.upcast({ type, schema, ...sealed }), id, stream, revision, position, recordedAt, meta };
  }
}

function address(stored: StoredEvent): Addressed {
  const meta = JSON.parse(stored.meta) as EventMeta;
  return { stored, meta, owner: keyOwnerOf(meta) };
}
