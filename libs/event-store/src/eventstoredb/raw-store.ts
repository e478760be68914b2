import {
  BACKWARDS,
  END,
  FORWARDS,
  NO_STREAM,
  START,
  StreamNotFoundError,
  WrongExpectedVersionError,
  streamNameFilter,
  type AllStreamSubscription,
  type AppendExpectedRevision,
  type Credentials,
  type EventData,
  type EventStoreDBClient,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { Fault, type Revision } from '@anamnesis/kernel';
import type { Direction } from '../port.ts';
import { toFault } from './client-fault.ts';
import { connect } from './connect.ts';
import { collect, type ClientRead } from './collect.ts';
import { toDecision, toEventData, toOutcome, toRawEvent } from './codec.ts';
import { Outcomes } from './outcomes.ts';
import { Permits } from './permits.ts';
import { NOTHING, batchStream, type Listing, type Outcome, type RawNewEvent, type RawPage } from './raw.ts';
import { Patience, pauseFor } from './patience.ts';
import type { Step } from './step.ts';

export interface RawStoreOptions {
  /** `esdb://user:password@host:2113?tls=true` or `esdb+discover://...`, as EventStoreDB's clients take it. */
  readonly connectionString: string;
  /** Instead of those in the connection string. */
  readonly credentials?: Credentials;
  /** How long one call may take, and a read may be silent, in milliseconds; default 10,000. */
  readonly deadlineMs?: number;
  /** How long a call that fails is tried again, in milliseconds, before it is a fault; default 3,000. */
  readonly retryMs?: number;
  /** How long a batch of few streams may stay undecided before others try to abort it; default 500. */
  readonly patienceMs?: number;
}

/** Calls at the same time; more would only wait inside the client. */
const CALLS = 64;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;
/** How far the server looks, in events, before it says how far it has come. */
const SEARCH_WINDOW = 256;

/** EventStoreDB's streams and $all as the adapter needs them: bounded calls, tried again, with the port's faults. */
export class RawStore {
  readonly #client: EventStoreDBClient;
  readonly #credentials: Credentials | undefined;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  readonly #patience: Patience;
  readonly #permits = new Permits(CALLS);
  readonly #outcomes = new Outcomes();
  readonly #closing = new AbortController();

  constructor(options: RawStoreOptions) {
    this.#client = connect(options.connectionString);
    this.#credentials = options.credentials;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 3_000;
    this.#patience = new Patience(options.patienceMs ?? 500);
  }

  /** Performs a step of the protocol. */
  readonly perform = async (step: Step): Promise<unknown> => {
    switch (step.kind) {
      case 'backwards':
        return this.readStream(step.stream, 'backwards', step.from, step.limit);
      case 'forwards':
        return this.readStream(step.stream, 'forwards', step.from, step.limit);
      case 'append':
        return this.#append(step.stream, step.tail, step.events);
      case 'outcome':
        return this.#outcome(step.batch);
      case 'decide':
        return this.#decide(step.batch, step.listing);
      case 'wait':
        return this.#patience.wait(step.why, step.turn, this.#closing.signal);
      case 'together':
        return allSettled(step.steps.map(this.perform));
    }
  };

  async readStream(stream: string, direction: Direction, from: Revision | undefined, limit: number): Promise<RawPage> {
    const start = direction === 'forwards' ? START : END;
    const options = {
      direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
      fromRevision: from === undefined ? start : BigInt(from),
      maxCount: limit,
      ...this.#as(),
    } as const;
    return this.#read(() => this.#client.readStream(stream, options), limit);
  }

  /** From the record at `commit`, inclusive forwards and exclusive backwards, as EventStoreDB has it. */
  async readAll(direction: Direction, commit: number | undefined, limit: number): Promise<RawPage> {
    const start = direction === 'forwards' ? START : END;
    const options = {
      direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
      fromPosition: commit === undefined ? start : { commit: BigInt(commit), prepare: BigInt(commit) },
      maxCount: limit,
      ...this.#as(),
    } as const;
    return this.#read(() => this.#client.readAll(options), limit);
  }

  /** Events of $all above the record at `commit`; `prefixes` and progress as the server's filter has them. */
  subscribeToAll(
    commit: number | undefined,
    prefixes: readonly string[] | undefined,
    checkpoint: (commit: number) => Promise<void>,
  ): AllStreamSubscription {
    const options = {
      maxSearchWindow: SEARCH_WINDOW,
      checkpointReached: (_subscription: unknown, { commit: through }: Position) => checkpoint(Number(through)),
    };
    // Names that begin with $ are the system's.
    const filter = prefixes
      ? streamNameFilter({ ...options, prefixes: [...prefixes] })
      : streamNameFilter({ ...options, regex: '^[^$].*' });
    const fromPosition = commit === undefined ? START : { commit: BigInt(commit), prepare: BigInt(commit) };
    return this.#client.subscribeToAll({ fromPosition, filter, ...this.#as() });
  }

  /** Remembers how a batch ended, when a reader came by its record. */
  remember(batch: string, outcome: Outcome): void {
    this.#outcomes.set(batch, outcome);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client.dispose();
    // `dispose` ends streams only; the connection itself would stay.
    const { getChannel } = this.#client as unknown as { getChannel(): Promise<{ close(): void }> };
    await getChannel().then(
      (channel) => channel.close(),
      () => undefined,
    );
  }

  #as(): { readonly credentials?: Credentials } {
    return this.#credentials ? { credentials: this.#credentials } : {};
  }

  /** Answers whether `tail` was the tail. A repeat of the same events just above it counts as done. */
  async #append(stream: string, tail: Revision, events: readonly RawNewEvent[]): Promise<boolean> {
    return this.#write(stream, tail, events.map(toEventData));
  }

  async #write(stream: string, tail: Revision, events: EventData[]): Promise<boolean> {
    const expectedRevision: AppendExpectedRevision = tail === NOTHING ? NO_STREAM : BigInt(tail);
    return this.#call(async () => {
      try {
        const options = { expectedRevision, deadline: this.#deadlineMs, ...this.#as() };
        await this.#client.appendToStream(stream, events, options);
        return true;
      } catch (error) {
        if (error instanceof WrongExpectedVersionError) return false;
        throw error;
      }
    });
  }

  async #outcome(batch: string): Promise<Outcome | undefined> {
    const known = this.#outcomes.get(batch);
    if (known) return known;
    const [record] = (await this.readStream(batchStream(batch), 'forwards', 0, 1)).events;
    if (!record) return undefined;
    const outcome = toOutcome(record);
    this.#outcomes.set(batch, outcome);
    return outcome;
  }

  async #decide(batch: string, listing: Listing | undefined): Promise<void> {
    await this.#write(batchStream(batch), NOTHING, [toDecision(batch, listing)]);
  }

  async #read(open: () => ClientRead<ResolvedEvent>, limit: number): Promise<RawPage> {
    return this.#call(async () => {
      try {
        const { items, whole } = await collect(open(), this.#deadlineMs);
        const events = items.map(toRawEvent).filter((event) => event !== undefined);
        return { events, end: whole && items.length < limit };
      } catch (error) {
        if (error instanceof StreamNotFoundError) return { events: [], end: true };
        throw error;
      }
    });
  }

  /** Tries again what may pass, with growing pauses. Every call of this adapter may be repeated: see `append`. */
  async #call<T>(call: () => Promise<T>): Promise<T> {
    const until = performance.now() + this.#retryMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await this.#permits.run(call);
      } catch (error) {
        const fault = toFault(error);
        const passing = fault instanceof Fault && fault.retryable;
        if (!passing || this.#closing.signal.aborted || performance.now() + pause > until) throw fault;
      }
      await pauseFor(pause, this.#closing.signal);
    }
  }
}

/** All results, once every one is there; the first failure, if any, likewise. */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
