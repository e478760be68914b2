import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { Fault, type Position } from '@anamnesis/kernel';
import type { EventReader, StoredEvent, Subscription } from '@anamnesis/event-store';
import { pauseOf, type Backoff, type ConsumeFailure } from '../backoff.ts';
import { LaneDelivery } from '../deliver.ts';
import type { Consumer, Delivery } from '../port.ts';

/** The embedded bus's one lane. */
export const LOG_LANE = 'log';

/** How often a group looks for letters that are to come again, in milliseconds. */
const LETTERS_EVERY_MS = 500;

export interface LogConsumerParts {
  readonly reader: EventReader;
  readonly group: string;
  readonly from: Position;
  readonly batchSize: number | undefined;
  readonly prefixes: readonly string[] | undefined;
  readonly handler: (delivery: Delivery) => Promise<void>;
  readonly keep: (through: Position) => void;
  readonly setAside: (event: StoredEvent, error: unknown) => void;
  /** Events that were set aside and are to come again. */
  readonly again: () => Promise<StoredEvent[]>;
  /** One of them was handed over. */
  readonly done: (event: StoredEvent) => void;
  readonly backoff: Backoff;
  readonly failed: (failure: ConsumeFailure) => void;
}

/** One group's way along the log. */
export class LogConsumer implements Consumer {
  readonly ended: Promise<void>;
  readonly #parts: LogConsumerParts;
  readonly #lane: LaneDelivery;
  #position: Position;
  #subscription: Subscription | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;
  /** Deliveries and letters that come again take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: LogConsumerParts, forget: () => void) {
    this.#parts = parts;
    this.#position = parts.from;
    this.#lane = new LaneDelivery({
      handler: parts.handler,
      setAside: async (event, error) => parts.setAside(event, error),
      taken: (through) => {
        if (through <= this.#position) return;
        parts.keep(through);
        this.#position = through;
      },
    });
    const run = async (): Promise<void> => {
      const letters = setInterval(() => void this.#inTurn(() => this.#handAgain()), LETTERS_EVERY_MS);
      try {
        await this.#run();
      } finally {
        clearInterval(letters);
        await this.#turn;
        forget();
      }
    };
    this.ended = run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#subscription?.stop();
    await this.ended.catch(() => undefined);
  }

  /** Follows the log; what the reader fails with and may overcome starts a new subscription after a pause. */
  async #run(): Promise<void> {
    const { reader, batchSize, prefixes } = this.#parts;
    for (let attempt = 1; !this.#stopped; attempt++) {
      try {
        const options = {
          from: this.#position,
          checkpoints: true,
          ...(batchSize === undefined ? {} : { batchSize }),
          ...(prefixes === undefined ? {} : { prefixes }),
        };
        this.#subscription = reader.subscribe(options, async (events, through) => {
          attempt = 0;
          await this.#inTurn(() => this.#deliver(events, through));
        });
        await this.#subscription.ended;
        return;
      } catch (error) {
        if (!(error instanceof Fault && error.retryable)) throw error;
        await this.#pause(attempt, error);
      }
    }
  }

  /** Resolves when the handler has taken the delivery, or the consumer was told to stop. */
  async #deliver(events: readonly StoredEvent[], through: Position): Promise<void> {
    for (let attempt = 1; !this.#stopped; attempt++) {
      try {
        // What was taken of a delivery that had to be split does not come again.
        const left = events.filter(({ position }) => position > this.#position);
        await this.#lane.deliver({ events: left, lane: LOG_LANE, through });
        return;
      } catch (error) {
        await this.#pause(attempt, error);
      }
    }
  }

  /** Hands over the letters that are to come again; what fails for now is tried at the next look. */
  async #handAgain(): Promise<void> {
    if (this.#stopped) return;
    try {
      for (const event of await this.#parts.again()) {
        await this.#lane.deliver({ events: [event], lane: LOG_LANE, through: this.#position });
        this.#parts.done(event);
      }
    } catch (error) {
      this.#parts.failed({ group: this.#parts.group, lane: LOG_LANE, attempt: 1, error });
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #pause(attempt: number, error: unknown): Promise<void> {
    const { group, failed, backoff } = this.#parts;
    failed({ group, lane: LOG_LANE, attempt, error });
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseOf(backoff, attempt));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
