import type { Listing, Outcome, RawEvent, RawNewEvent, RawPage } from '../../../src/eventstoredb/raw.ts';
import { batchStream } from '../../../src/eventstoredb/raw.ts';
import type { Step } from '../../../src/eventstoredb/step.ts';

export interface Decision {
  readonly batch: string;
  readonly listing: Listing | undefined;
  readonly commit: number;
}

/** A step that is one act of the store. */
export type Act = Exclude<Step, { readonly kind: 'together' | 'wait' }>;

/** EventStoreDB as the protocol relies on it, in memory: streams with expected revisions, idempotent by event id. */
export class World {
  readonly streams = new Map<string, RawEvent[]>();
  readonly decisions = new Map<string, Decision>();
  #commit = 0;

  perform(act: Act): unknown {
    switch (act.kind) {
      case 'append':
        return this.#append(act.stream, act.tail, act.events);
      case 'decide':
        if (this.decisions.has(act.batch)) return undefined;
        this.decisions.set(act.batch, { batch: act.batch, listing: act.listing, commit: ++this.#commit });
        if (act.listing) this.#mustStand(act.batch, act.listing);
        return undefined;
      case 'outcome':
        return this.outcome(act.batch);
      case 'forwards':
        return this.#page(this.#of(act.stream).slice(act.from), act.limit);
      case 'backwards':
        return this.#page(
          this.#of(act.stream)
            .slice(0, (act.from ?? Infinity) + 1)
            .toReversed(),
          act.limit,
        );
    }
  }

  outcome(batch: string): Outcome | undefined {
    const decision = this.decisions.get(batch);
    if (!decision) return undefined;
    return decision.listing ? { committed: true, commit: decision.commit, at: 0 } : { committed: false };
  }

  /** What there is, without positions: the order of acts on different streams is no matter of the protocol. */
  fingerprint(): string {
    const streams = [...this.streams].map(([name, events]) => [name, ...events.map(({ storedId }) => storedId)]);
    const decisions = [...this.decisions].map(([batch, { listing }]) => `${batch} ${listing !== undefined}`);
    return JSON.stringify([streams.toSorted(), decisions.toSorted()]);
  }

  #append(stream: string, tail: number, events: readonly RawNewEvent[]): boolean {
    const there = this.#of(stream);
    if (there.length - 1 !== tail) {
      const after = there.slice(tail + 1, tail + 1 + events.length);
      return after.length === events.length && after.every(({ storedId }, i) => storedId === events[i]!.storedId);
    }
    const open = there.find(({ envelope }) => envelope?.batch && !this.decisions.has(envelope.batch.id));
    if (open) throw new Error(`An append went above an undecided intent of ${batchStream(open.envelope!.batch!.id)}.`);
    for (const { storedId, type, data, envelope } of events) {
      const at = { stream, revision: there.length, commit: ++this.#commit, at: 0 };
      there.push({ ...at, storedId, type, data, envelope });
    }
    this.streams.set(stream, there);
    return true;
  }

  /** A commit record never lists what does not stand where it says. */
  #mustStand(batch: string, listing: Listing): void {
    for (const { stream, first, ids } of listing) {
      const there = this.#of(stream).slice(first, first + ids.length);
      if (!ids.every((id, i) => there[i]?.storedId === id)) throw new Error(`${batchStream(batch)} lists what is not.`);
    }
  }

  #of(stream: string): RawEvent[] {
    return this.streams.get(stream) ?? [];
  }

  #page(events: readonly RawEvent[], limit: number): RawPage {
    return { events: events.slice(0, limit), end: events.length < limit };
  }
}
