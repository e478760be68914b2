import { setTimeout as sleep } from 'node:timers/promises';
import { RECORDS } from '@anamnesis/contracts';
import type { Consumer, Delivery, EventBus } from '@anamnesis/event-bus';
import type { EventReader } from '@anamnesis/event-store';
import type { EventOpener } from '@anamnesis/journal';
import { Fault, type FaultCode, type Position } from '@anamnesis/kernel';
import type { ReadModelReader, ReadModelWriter, ReadStore } from '@anamnesis/read-store';
import { applyBatch } from './application/apply-batch.ts';
import { persist } from './application/back-off.ts';
import { projectBatch } from './application/project-batch.ts';
import { traceDelivery } from './application/trace-batch.ts';
import { statusOf, type Following, type ProjectionControl, type ProjectionStatus } from './projection-status.ts';
import type { RebuildProgress } from './thread-messages.ts';

export interface BusProjectionsOptions {
  readonly bus: EventBus;
  readonly reads: ReadStore;
  /** The reading side of `records`. */
  readonly records: ReadModelReader;
  /** The log: how far it is, and what a rebuild reads. */
  readonly log: EventReader;
  readonly opener: EventOpener;
  /** The record's own base URLs: absolute references to them are indexed as relative ones. */
  readonly ownBases: readonly string[];
}

const GROUP = `projections.${RECORDS}`;
const BATCH = 500;

/** How often each lane that is quiet says how far it is, so that a rebuild beside it is joined; in milliseconds. */
const BEAT_MS = 1_000;

/** A rebuild tries again to be swapped in while lanes of other processes have yet to join it. */
const SWAP_TRIES = 30;

interface Lane {
  readonly writer: ReadModelWriter;
  through: Position;
  /** When it was last written, by the clock of `performance`. */
  at: number;
}

/** The projections of the cluster profile: whatever lanes of the bus this process was given, written lane by lane. */
export class BusProjections implements ProjectionControl {
  readonly #options: BusProjectionsOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #stopping = new AbortController();
  #consumer: Consumer | undefined;
  #following: Following = { state: 'starting' };
  #rebuilding: RebuildProgress | undefined;
  #beating: Promise<void> = Promise.resolve();

  private constructor(options: BusProjectionsOptions) {
    this.#options = options;
  }

  /** Resolves when the bus is being listened to. Throws `Fault` `bus-unavailable`, `store-unavailable`. */
  static async start(options: BusProjectionsOptions): Promise<BusProjections> {
    const projections = new BusProjections(options);
    const { bus } = options;
    const consumer = await bus.consume({ group: GROUP, batchSize: BATCH }, (delivery) =>
      traceDelivery(delivery, { group: GROUP, model: RECORDS }, () => projections.#take(delivery)),
    );
    projections.#consumer = consumer;
    projections.#is({ state: 'following' });
    consumer.ended.then(
      () => projections.#is({ state: 'stopped' }),
      () => projections.#is({ state: 'failed', reason: 'bus-unavailable' }),
    );
    projections.#beating = projections.#beat();
    return projections;
  }

  get state(): Following {
    return this.#following;
  }

  status(): Promise<ProjectionStatus> {
    const { log, records } = this.#options;
    return statusOf(RECORDS, this.#following, log, records, () => this.#rebuilding);
  }

  async rebuild(onProgress: (progress: RebuildProgress) => void = () => undefined): Promise<void> {
    if (this.#stopping.signal.aborted) throw new Fault('stopping', 'The projections are being stopped.');
    if (this.#rebuilding) {
      throw new Fault('store-in-use', 'The read model is being rebuilt already.', { retryable: true });
    }
    const { log, reads } = this.#options;
    this.#rebuilding = { done: 0, total: await log.head() };
    const tell = (progress: RebuildProgress): void => onProgress((this.#rebuilding = progress));
    try {
      const writer = await reads.build(RECORDS);
      let done = 0;
      for (let tried = 1; ; tried += 1) {
        done = await this.#load(writer, done, tell);
        try {
          return await reads.swap(RECORDS);
        } catch (error) {
          // A lane joined after this was loaded, or has yet to.
          if (!(error instanceof Fault) || !error.retryable || tried === SWAP_TRIES) throw error;
        }
        await sleep(BEAT_MS, undefined, { signal: this.#stopping.signal });
      }
    } finally {
      this.#rebuilding = undefined;
    }
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#consumer?.stop();
    await this.#beating;
    await Promise.all([...this.#lanes.values()].map(({ writer }) => writer.close()));
    this.#following = { state: 'stopped' };
  }

  async #take({ lane, events, through }: Delivery): Promise<void> {
    const { opener, ownBases } = this.#options;
    // A lane that came back to this process after another one had it: an older delivery changes nothing.
    const patience = { signal: this.#stopping.signal, onWaiting: (code?: FaultCode) => this.#waits(code) };
    const operations = await persist(() => projectBatch(events, opener, { ownBases }), patience);
    const own = await persist(() => this.#lane(lane), patience);
    await persist(() => applyBatch(own.writer, operations, events, through), patience);
    own.through = through;
    own.at = performance.now();
  }

  /** A lane's deliveries come one after the other, so its writer is opened once. */
  async #lane(name: string): Promise<Lane> {
    const known = this.#lanes.get(name);
    if (known) return known;
    const lane = { writer: await this.#options.reads.writer(RECORDS, name), through: 0, at: performance.now() };
    this.#lanes.set(name, lane);
    return lane;
  }

  async #load(writer: ReadModelWriter, from: Position, tell: (progress: RebuildProgress) => void): Promise<Position> {
    const { log, opener, ownBases } = this.#options;
    const total = await log.head();
    for (let done = from; ;) {
      if (this.#stopping.signal.aborted) throw new Fault('stopping', 'The projections are being stopped.');
      const events = await log.readAll({ from: done, limit: BATCH });
      const last = events.at(-1);
      if (!last) return done;
      await applyBatch(writer, await projectBatch(events, opener, { ownBases }), events, last.position);
      done = last.position;
      tell({ done, total: Math.max(done, total) });
    }
  }

  async #beat(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const quiet = [...this.#lanes.values()].filter(
        ({ through, at }) => through > 0 && performance.now() - at >= BEAT_MS,
      );
      // At once, so that they are one update of the store. What could not be said now is said at the next beat.
      await Promise.allSettled(quiet.map(({ writer, through }) => writer.apply([], through)));
    }
  }

  #waits(code: FaultCode | undefined): void {
    this.#is(code === undefined ? { state: 'following' } : { state: 'waiting', reason: code });
  }

  #is(following: Following): void {
    if (!this.#stopping.signal.aborted) this.#following = following;
  }
}
