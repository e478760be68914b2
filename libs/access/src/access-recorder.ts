import type { Journal } from '@anamnesis/journal';
import { type Actor, type Fact, Fault, type FaultCode, type Instant, newId } from '@anamnesis/kernel';
import { accessFacts, accessStream, type AccessEntry } from './access.ts';

/** Where access records go when the store cannot take them: durable, and drained into it later. */
export interface RecordSpool {
  readonly isEmpty: boolean;
  append(records: Spooled): Promise<void>;
  drain(take: (records: Spooled & { readonly id: string }) => Promise<void>): Promise<void>;
}

interface Spooled {
  readonly at: Instant;
  readonly actor: Actor;
  readonly correlation: string;
  readonly traceparent?: string;
  readonly facts: readonly Fact[];
}

/** Whose request it was. */
export interface AccessContext {
  readonly actor: Actor;
  /** The request's id. */
  readonly correlation: string;
  readonly traceparent?: string;
}

interface Group {
  readonly context: AccessContext;
  readonly facts: Fact[];
  readonly durable: PromiseWithResolvers<void>;
}

/** A chart must open in an emergency, even when the disk is full; back-pressure (`overloaded`) is no emergency. */
const SPOOLED: ReadonlySet<FaultCode> = new Set(['store-full', 'store-read-only', 'store-unavailable']);

/**
 * Records accesses. Those of one request that arrive in one tick are one commit; the store commits what comes from
 * many requests at a time together.
 */
export class AccessRecorder {
  readonly #journal: Journal;
  readonly #spool: RecordSpool | undefined;
  readonly #now: () => Instant;
  readonly #writer: string | undefined;
  readonly #groups = new Map<string, Group>();

  constructor(parts: {
    readonly journal: Journal;
    readonly now: () => Instant;
    readonly spool?: RecordSpool;
    readonly writer?: string;
  }) {
    this.#writer = parts.writer;
    this.#journal = parts.journal;
    this.#now = parts.now;
    this.#spool = parts.spool;
  }

  /**
   * Resolves when the record is durable: only then may the answer go out. Throws `Fault`: the store's and the vault's
   * own, when neither store nor spool could take it.
   */
  record(context: AccessContext, entry: AccessEntry): Promise<void> {
    const { actor, correlation } = context;
    const key = `${correlation}\0${actor.id}\0${actor.role}\0${actor.purpose}`;
    let group = this.#groups.get(key);
    if (!group) {
      if (this.#groups.size === 0) queueMicrotask(() => this.#flush());
      group = { context, facts: [], durable: Promise.withResolvers<void>() };
      this.#groups.set(key, group);
    }
    group.facts.push(...accessFacts(entry));
    return group.durable.promise;
  }

  /** Brings what was spooled into the log; resolves when the spool is empty, rejects when the store still cannot. */
  async drain(): Promise<void> {
    await this.#spool?.drain(async ({ id, ...records }) => this.#commit(id, records));
  }

  #flush(): void {
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    for (const group of groups) this.#store(group).then(group.durable.resolve, group.durable.reject);
  }

  async #store({ context: { actor, correlation, traceparent }, facts }: Group): Promise<void> {
    const records: Spooled = {
      at: this.#now(),
      actor,
      correlation,
      facts,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    try {
      await this.#commit(newId(records.at), records);
    } catch (error) {
      if (!this.#spool || !(error instanceof Fault) || !SPOOLED.has(error.code)) throw error;
      await this.#spool.append(records);
    }
  }

  async #commit(command: string, { at, facts, ...work }: Spooled): Promise<void> {
    const pending = { stream: accessStream(at, this.#writer), expected: 'any', facts, dataClass: 'access' } as const;
    const committed = await this.#journal.commit([pending], { command, at, ...work });
    if (!committed.ok) throw new Fault('conflict-persists', 'An access record met a conflict.', { retryable: true });
  }
}
