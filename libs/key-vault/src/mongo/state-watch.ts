import { nameOfDatabase, type KeyDatabaseOptions } from './connection.ts';
import type { StateDocument } from './schema.ts';

/** Every watch of this thread, by vault: what one of them learns, the others know at once. */
const watches = new Map<string, Set<StateWatch>>();
const READS_PER_BOUND = 4;

export interface StateWatchOptions {
  readonly database: KeyDatabaseOptions;
  /** Milliseconds that what is known of the state may be old. */
  readonly boundMs: number;
  readonly read: () => Promise<StateDocument>;
  /** Keys of a subject, or of anyone, were destroyed. */
  readonly destroyed: (subject?: string) => void;
}

/**
 * Knows the vault's state, and since when. It reads the state four times per bound; cached keys may be used while it
 * is `fresh`, that is: while it was read less than the bound ago. So a key that was destroyed is used by no process
 * later than the bound after `destroy` resolved, not even by one that was cut off from the database.
 */
export class StateWatch {
  readonly #options: StateWatchOptions;
  readonly #peers: Set<StateWatch>;
  #state: StateDocument;
  /** When the read that told the state began, by `performance.now()`. */
  #readAt: number;
  #generation = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: StateWatchOptions, state: StateDocument, readAt: number) {
    this.#options = options;
    this.#state = state;
    this.#readAt = readAt;
    const name = nameOfDatabase(options.database);
    this.#peers = watches.get(name) ?? new Set();
    watches.set(name, this.#peers.add(this));
    this.#schedule();
  }

  static async start(options: StateWatchOptions): Promise<StateWatch> {
    const readAt = performance.now();
    return new StateWatch(options, await options.read(), readAt);
  }

  get fresh(): boolean {
    return performance.now() - this.#readAt < this.#options.boundMs;
  }

  /** Changes whenever keys were destroyed: a key that was read before must not be cached after. */
  get generation(): number {
    return this.#generation;
  }

  /** The version of the key-encryption key that is in force. */
  get kek(): number {
    return this.#state.kek;
  }

  /** The state as it is now. */
  async refresh(): Promise<StateDocument> {
    const began = performance.now();
    const state = await this.#options.read();
    this.#learn(state, began);
    return state;
  }

  /** Takes in a state that was known to be true at a time. All vaults of this thread on this database do. */
  learn(state: StateDocument, at: number): void {
    for (const peer of this.#peers) peer.#learn(state, at);
  }

  /** Drops a subject's keys from all caches of this thread. */
  drop(subject: string): void {
    for (const peer of this.#peers) peer.#drop(subject);
  }

  stop(): void {
    this.#closed = true;
    this.#readAt = -Infinity;
    clearTimeout(this.#timer);
    this.#peers.delete(this);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#poll(), this.#options.boundMs / READS_PER_BOUND);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    // A database that does not answer is no news: what is known grows old, and whoever needs it asks and is told.
    await this.refresh().catch(() => undefined);
    if (!this.#closed) this.#schedule();
  }

  #learn(state: StateDocument, at: number): void {
    if (this.#closed) return;
    const missed = state.destructions - this.#state.destructions;
    // Answers can overtake each other; a count that fell back in a later one is a database put back from a copy.
    if (missed < 0 && at <= this.#readAt) return;
    if (missed < 0 || missed > state.recent.length) this.#drop();
    else if (missed > 0) for (const subject of state.recent.slice(-missed)) this.#drop(subject);
    this.#state = state;
    this.#readAt = Math.max(this.#readAt, at);
  }

  #drop(subject?: string): void {
    this.#generation++;
    this.#options.destroyed(subject);
  }
}
