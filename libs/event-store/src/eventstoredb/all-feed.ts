import { clearTimeout, setTimeout } from 'node:timers';
import type { AllStreamResolvedEvent, AllStreamSubscription } from '@eventstore/db-client';
import { Fault } from '@anamnesis/kernel';
import { toFault, unavailable } from './client-fault.ts';
import { toRawEvent } from './codec.ts';
import type { RawEvent } from './raw.ts';
import type { RawStore } from './raw-store.ts';

/** What the server's subscription said: a record, or that up to here there was nothing that was asked for. */
export type FeedItem = { readonly raw: RawEvent } | { readonly checkpoint: number };

/** A feed that holds so much lets the server wait. */
const HELD_ITEMS = 1_000;
const HELD_BYTES = 16 * 1024 * 1024;
/** How long to wait for the next of many events. */
const BEHIND_MS = 20;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/**
 * The server's subscription to $all as a bounded queue. When the connection breaks it is taken up again just above
 * the last record that was taken from the queue, after pauses that grow; only what cannot be got over ends it.
 */
export class AllFeed {
  readonly #store: RawStore;
  readonly #prefixes: readonly string[] | undefined;
  #items: FeedItem[] = [];
  #bytes = 0;
  #taken: number | undefined;
  #subscription: AllStreamSubscription | undefined;
  #failure: unknown;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** The server has sent all that was stored when it was asked. */
  #live = false;
  #wake: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(store: RawStore, commit: number | undefined, prefixes: readonly string[] | undefined) {
    this.#store = store;
    this.#taken = commit;
    this.#prefixes = prefixes;
    this.#connect();
  }

  /** The next item if there is one. Throws what has ended the feed. */
  take(): FeedItem | undefined {
    const item = this.#items.shift();
    if (!item) {
      if (this.#failure !== undefined) throw this.#failure;
      return undefined;
    }
    this.#taken = 'raw' in item ? item.raw.commit : item.checkpoint;
    if ('raw' in item) this.#bytes -= item.raw.data.byteLength;
    if (this.#subscription?.isPaused() === true && !this.#full(2)) this.#subscription.resume();
    return item;
  }

  /** The next item if there is one; while the server still reads what is stored already, it is given a moment. */
  async more(): Promise<FeedItem | undefined> {
    const item = this.take();
    if (item || this.#live || !(await this.ready(BEHIND_MS))) return item;
    return this.take();
  }

  /** Records up to here were found to be none that is asked for. */
  passed(commit: number): void {
    if (commit > (this.#taken ?? -1)) this.#taken = commit;
  }

  /** Resolves when there is something to take or `ms` have passed; answers which. */
  async ready(ms: number): Promise<boolean> {
    if (this.#items.length > 0 || this.#failure !== undefined || this.#stopped) return true;
    return new Promise((resolve) => {
      const done = (ready: boolean): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(ready);
      };
      const timer = setTimeout(() => done(false), ms);
      this.#wake = () => done(true);
    });
  }

  /** Begins anew: the connection seems to be dead. */
  reconnect(): void {
    this.#broken(unavailable(), this.#subscription);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#disconnect();
    this.#wake?.();
  }

  #connect(): void {
    const subscription = this.#store.subscribeToAll(this.#taken, this.#prefixes, (commit) =>
      this.#checkpoint(commit, subscription),
    );
    this.#subscription = subscription;
    this.#live = false;
    subscription.on('caughtUp', () => (this.#live = true));
    subscription.on('fellBehind', () => (this.#live = false));
    subscription.on('data', (resolved: AllStreamResolvedEvent) => this.#receive(resolved, subscription));
    subscription.on('error', (error) => this.#broken(error, subscription));
    subscription.on('end', () => this.#broken(unavailable(), subscription));
  }

  #receive(resolved: AllStreamResolvedEvent, from: AllStreamSubscription): void {
    if (from !== this.#subscription) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    try {
      const raw = toRawEvent(resolved);
      if (raw) this.#push({ raw }, raw.data.byteLength);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#full(1)) from.pause();
    if (from.readableLength === 0) this.#drained?.();
  }

  /** The client calls this in its turn, but before events that still wait in its buffer: they come first. */
  async #checkpoint(commit: number, from: AllStreamSubscription): Promise<void> {
    if (from.readableLength > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    this.#drained = undefined;
    if (from === this.#subscription) this.#push({ checkpoint: commit }, 0);
  }

  #push(item: FeedItem, bytes: number): void {
    const last = this.#items.at(-1);
    // A later checkpoint says what an earlier one did.
    if ('checkpoint' in item && last && 'checkpoint' in last) this.#items.pop();
    this.#items.push(item);
    this.#bytes += bytes;
    this.#wake?.();
  }

  #full(share: number): boolean {
    return this.#items.length * share >= HELD_ITEMS || this.#bytes * share >= HELD_BYTES;
  }

  #broken(error: unknown, from: AllStreamSubscription | undefined): void {
    if (this.#stopped || from === undefined || from !== this.#subscription) return;
    this.#disconnect();
    const fault = toFault(error);
    if (!(fault instanceof Fault && fault.retryable)) return this.#fail(fault);
    // What is queued comes again, from above the last that was taken.
    this.#items = [];
    this.#bytes = 0;
    this.#timer = setTimeout(() => this.#connect(), this.#pauseMs * (0.5 + Math.random() / 2));
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  #fail(error: unknown): void {
    this.#disconnect();
    this.#failure ??= error;
    this.#wake?.();
  }

  #disconnect(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#drained?.();
    if (!subscription) return;
    subscription.on('error', () => undefined);
    subscription.resume();
    subscription.unsubscribe().catch(() => undefined);
  }
}
