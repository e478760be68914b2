import type { DatabaseSync } from 'node:sqlite';
import { Fault, type Position } from '@anamnesis/kernel';
import type { EventReader, StoredEvent } from '@anamnesis/event-store';
import { BACKOFF, type Backoff, type ConsumeFailure } from '../backoff.ts';
import { reasonOf } from '../deliver.ts';
import type { ConsumeOptions, Consumer, DeadLetter, Delivery, EventBus, ListDeadLetters } from '../port.ts';
import { openBusDatabase } from './bus-database.ts';
import { Checkpoints } from './checkpoints.ts';
import { letterId, LetterTable, type LetterRow } from './letter-table.ts';
import { LOG_LANE, LogConsumer } from './log-consumer.ts';

export interface EmbeddedEventBusOptions {
  /** The data folder, for `bus.sqlite`. */
  readonly folder: string;
  /** The log to deliver from; it stays the caller's to close, after the bus. */
  readonly reader: EventReader;
  /** Default: from 100 ms to 10 s. */
  readonly backoff?: Backoff;
  /** Told of every try that failed and will be repeated. */
  readonly onFailure?: (failure: ConsumeFailure) => void;
  /** Told of every event that was set aside, with the error that its handler rejected it with. */
  readonly onDeadLetter?: (letter: DeadLetter, error: unknown) => void;
}

/**
 * The bus of the embedded profile: there is nothing between the log and a consumer but a durable checkpoint. Deliveries
 * come in the order of the log. Open one in each thread that consumes; a group belongs to one consumer at a time.
 */
export class EmbeddedEventBus implements EventBus {
  readonly #options: EmbeddedEventBusOptions;
  readonly #database: DatabaseSync;
  readonly #checkpoints: Checkpoints;
  readonly #letters: LetterTable;
  readonly #consumers = new Map<string, LogConsumer>();
  #closing: Promise<void> | undefined;

  private constructor(options: EmbeddedEventBusOptions) {
    this.#options = options;
    this.#database = openBusDatabase(options.folder);
    this.#checkpoints = new Checkpoints(this.#database);
    this.#letters = new LetterTable(this.#database);
  }

  /** Throws `Fault('bus-unavailable')` when the checkpoints cannot be opened. */
  static open(options: EmbeddedEventBusOptions): EmbeddedEventBus {
    return new EmbeddedEventBus(options);
  }

  async consume(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer> {
    this.#mustBeOpen();
    const { group, batchSize, prefixes } = options;
    const resumeAt = typeof options.resumeAt === 'function' ? await options.resumeAt(LOG_LANE) : options.resumeAt;
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
        setAside: (event, error) => this.#setAside(group, event, error),
        again: () => this.#eventsAt(this.#letters.marked(group)),
        done: (event) => this.#letters.drop(group, event.position),
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

  async listDeadLetters({ group, limit = 100 }: ListDeadLetters = {}): Promise<DeadLetter[]> {
    this.#mustBeOpen();
    const rows = this.#letters.list(limit, group);
    const events = await this.#eventsAt(rows.map(({ position }) => position));
    const at = new Map(events.map((event) => [event.position, event]));
    return rows.flatMap((row) => letterOf(row, at.get(row.position)) ?? []);
  }

  async replayDeadLetters(which: readonly string[] | 'all'): Promise<number> {
    this.#mustBeOpen();
    return this.#letters.mark(which);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.stop()));
    this.#database.close();
  }

  #setAside(group: string, event: StoredEvent, error: unknown): void {
    const row = { group, position: event.position, reason: reasonOf(error), at: Date.now() };
    this.#letters.keep(row);
    this.#options.onDeadLetter?.({ ...row, id: letterId(group, event.position), lane: LOG_LANE, event }, error);
  }

  async #eventsAt(positions: readonly Position[]): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    for (const position of positions) {
      const [event] = await this.#options.reader.readAll({ from: position - 1, limit: 1 });
      if (event?.position === position) found.push(event);
    }
    return found;
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new Fault('stopping', 'The event bus is closed.');
  }
}

function letterOf({ id, group, reason, at }: LetterRow, event: StoredEvent | undefined): DeadLetter | undefined {
  return event && { id, group, lane: LOG_LANE, event, reason, at };
}
