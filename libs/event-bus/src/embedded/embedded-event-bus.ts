import { Fault, type Position } from '@anamnesis/kernel';
import type { EventReader } from '@anamnesis/event-store';
import type { ConsumeOptions, Consumer, Delivery, EventBus } from '../port.ts';
import { Checkpoints } from './checkpoints.ts';
import { LogConsumer, type Backoff, type ConsumeFailure } from './log-consumer.ts';

export interface EmbeddedEventBusOptions {
  /** The data folder, for `bus.sqlite`. */
  readonly folder: string;
  /** The log to deliver from; it stays the caller's to close, after the bus. */
  readonly reader: EventReader;
  /** Default: from 100 ms to 10 s. */
  readonly backoff?: Backoff;
  /** Told of every try that failed and will be repeated. */
  readonly onFailure?: (failure: ConsumeFailure) => void;
}

const BACKOFF: Backoff = { firstMs: 100, longestMs: 10_000 };

/**
 * The bus of the embedded profile: there is nothing between the log and a consumer but a durable checkpoint. Deliveries
 * come in the order of the log. Open one in each thread that consumes; a group belongs to one consumer at a time.
 */
export class EmbeddedEventBus implements EventBus {
  readonly #options: EmbeddedEventBusOptions;
  readonly #checkpoints: Checkpoints;
  readonly #consumers = new Map<string, LogConsumer>();
  #closing: Promise<void> | undefined;

  private constructor(options: EmbeddedEventBusOptions) {
    this.#options = options;
    this.#checkpoints = new Checkpoints(options.folder);
  }

  /** Throws `Fault('bus-unavailable')` when the checkpoints cannot be opened. */
  static open(options: EmbeddedEventBusOptions): EmbeddedEventBus {
    return new EmbeddedEventBus(options);
  }

  async consume(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer> {
    this.#mustBeOpen();
    const { group, batchSize, prefixes, resumeAt } = options;
    if (this.#consumers.has(group)) throw new Error('This group is being consumed already.');
    if (resumeAt !== undefined) this.#checkpoints.keep(group, resumeAt);
    const consumer = new LogConsumer(
      {
        reader: this.#options.reader,
        group,
        from: this.#checkpoints.of(group) ?? options.from ?? 0,
        batchSize,
        prefixes,
        handler,
        keep: (through) => this.#checkpoints.keep(group, through),
        backoff: this.#options.backoff ?? BACKOFF,
        failed: (failure) => this.#options.onFailure?.(failure),
      },
      () => this.#consumers.delete(group),
    );
    this.#consumers.set(group, consumer);
    return consumer;
  }

  async progress(group: string): Promise<Position> {
    this.#mustBeOpen();
    return this.#checkpoints.of(group) ?? 0;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.stop()));
    this.#checkpoints.close();
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new Fault('stopping', 'The event bus is closed.');
  }
}
