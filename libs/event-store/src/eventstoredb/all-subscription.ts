import { setImmediate as yieldToOthers, setTimeout as delay } from 'node:timers/promises';
import { Fault, type Position } from '@anamnesis/kernel';
import type { StoredEvent, SubscribeOptions, Subscription, SubscriptionHandler } from '../port.ts';
import { AllFeed, type FeedItem } from './all-feed.ts';
import type { AllReader } from './all-reader.ts';
import { Expander, wantedBy, type Wanted } from './expander.ts';
import { commitOf, positionOf } from './position.ts';
import { BATCH_PREFIX, type RawEvent } from './raw.ts';
import type { RawStore } from './raw-store.ts';

type Options = SubscribeOptions & { readonly batchSize: number };

const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 1_000;
const LOOK_PAGE = 300;
/** So many looks may find events that the server has not sent, before its connection counts as dead. */
const MISSED_LOOKS = 8;
const RETRY_MS = 1_000;

/**
 * Follows $all from a position on. The server leaves out the system's events and, with prefixes, other streams, but
 * tells of what it left out only every few hundred events. So a subscription that has nothing to do looks for itself
 * how far the log has come: its progress is known soon, and a connection that went silent is noticed.
 */
export class AllSubscription implements Subscription {
  readonly ended: Promise<void>;
  readonly #store: RawStore;
  readonly #reader: AllReader;
  readonly #options: Options;
  readonly #handler: SubscriptionHandler;
  readonly #expander: Expander;
  readonly #prefixes: readonly string[] | undefined;
  readonly #wanted: Wanted;
  readonly #stopping = new AbortController();
  #feed: AllFeed | undefined;
  /** The record that was processed last. */
  #commit: number | undefined;
  /** Told to the handler, and known. */
  #told: Position;
  #through: Position;

  constructor(
    store: RawStore,
    reader: AllReader,
    options: Options,
    handler: SubscriptionHandler,
    forget: (subscription: AllSubscription) => void,
  ) {
    this.#store = store;
    this.#reader = reader;
    this.#options = options;
    this.#handler = handler;
    this.#expander = new Expander(store);
    this.#prefixes = serverPrefixes(options.prefixes);
    this.#wanted = wantedBy(options.prefixes);
    this.#told = this.#through = options.from;
    // In `#run`'s own chain: one more handler on `ended` would silence a failure that nobody looks at.
    const run = async (): Promise<void> => {
      try {
        await this.#run();
      } finally {
        this.#feed?.stop();
        forget(this);
      }
    };
    this.ended = run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#feed?.stop();
    await this.ended.catch(() => undefined);
  }

  async #run(): Promise<void> {
    await yieldToOthers();
    await this.#restOfRecord();
    const feed = (this.#feed = new AllFeed(this.#store, this.#commit, this.#prefixes));
    let lookMs = FIRST_LOOK_MS;
    let missed = 0;
    while (!this.#stopped) {
      if (await feed.ready(lookMs)) {
        lookMs = FIRST_LOOK_MS;
        missed = 0;
        await this.#work(feed);
        // Handlers may never leave the microtask queue: others get their turn in between.
        await yieldToOthers();
      } else {
        lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS);
        missed = (await this.#look(feed)) ? missed + 1 : 0;
        if (missed >= MISSED_LOOKS) feed.reconnect();
        missed %= MISSED_LOOKS;
      }
    }
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** A position can lie within a batch; the server resumes behind whole records only. */
  async #restOfRecord(): Promise<void> {
    const { from, prefixes } = this.#options;
    if (from === 0 || this.#stopped) return;
    this.#commit = commitOf(from);
    const { events, through } = await this.#overcoming(() => this.#reader.recordAt(from, this.#expander, prefixes));
    await this.#deliver(
      events.filter(({ position }) => position > from),
      Math.max(through, from),
    );
  }

  /** Takes what there is, up to a batch for the handler. */
  async #work(feed: AllFeed): Promise<void> {
    const { batchSize } = this.#options;
    const events: StoredEvent[] = [];
    for (let item = feed.take(); item; item = events.length < batchSize ? await feed.more() : undefined) {
      if (this.#stopped) return;
      const { raw, commit } = partsOf(item);
      if (this.#commit !== undefined && commit <= this.#commit) continue;
      if (raw) events.push(...(await this.#expand(raw)));
      else this.#through = Math.max(this.#through, positionOf(commit, 0));
      this.#commit = commit;
    }
    await this.#deliver(events, this.#through);
  }

  async #expand(raw: RawEvent): Promise<readonly StoredEvent[]> {
    const { events, through } = await this.#overcoming(() => this.#expander.expand(raw, this.#wanted));
    this.#through = Math.max(this.#through, through);
    return events;
  }

  async #deliver(events: readonly StoredEvent[], through: Position): Promise<void> {
    const { batchSize, checkpoints } = this.#options;
    this.#through = Math.max(this.#through, through);
    for (let at = 0; at < events.length && !this.#stopped; at += batchSize) {
      const batch = events.slice(at, at + batchSize);
      this.#told = at + batchSize < events.length ? batch.at(-1)!.position : this.#through;
      await this.#handler(batch, this.#told);
    }
    if (checkpoints !== true || this.#stopped || this.#through <= this.#told) return;
    this.#told = this.#through;
    await this.#handler([], this.#told);
  }

  /** Passes what is not asked for; answers whether there is something that the server should have sent. */
  async #look(feed: AllFeed): Promise<boolean> {
    let page;
    try {
      page = await this.#store.readAll('forwards', this.#commit, LOOK_PAGE);
    } catch (error) {
      if (error instanceof Fault && error.retryable) return false;
      throw error;
    }
    const news = page.events.filter(({ commit }) => commit > (this.#commit ?? -1));
    const found = news.findIndex(({ stream }) => isServed(stream, this.#prefixes));
    const last = (found < 0 ? news : news.slice(0, found)).at(-1);
    if (!last) return found >= 0;
    this.#commit = last.commit;
    feed.passed(last.commit);
    await this.#deliver([], positionOf(last.commit, 0));
    return found >= 0;
  }

  /** Tries again, with a pause, until the store is back. */
  async #overcoming<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof Fault && error.retryable) || this.#stopped) throw error;
      }
      await delay(RETRY_MS * Math.random(), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }
}

function partsOf(item: FeedItem): { readonly raw?: RawEvent; readonly commit: number } {
  return 'raw' in item ? { raw: item.raw, commit: item.raw.commit } : { commit: item.checkpoint };
}

/** Decisions always pass: a batch counts where its record stands. Undefined: every stream but the system's. */
function serverPrefixes(prefixes: readonly string[] | undefined): readonly string[] | undefined {
  if (!prefixes || prefixes.includes('')) return undefined;
  return [...prefixes, BATCH_PREFIX];
}

function isServed(stream: string, prefixes: readonly string[] | undefined): boolean {
  return prefixes ? prefixes.some((prefix) => stream.startsWith(prefix)) : !stream.startsWith('$');
}
