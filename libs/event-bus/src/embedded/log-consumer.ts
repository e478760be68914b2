import { clearTimeout, setTimeout } from 'node:timers';
import { Fault, type Position } from '@anamnesis/kernel';
import type { EventReader, StoredEvent, Subscription } from '@anamnesis/event-store';
import type { Consumer, Delivery } from '../port.ts';

/** The pause before a delivery is tried again doubles from the first to the longest, in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A try that failed and will be repeated; for logs and health. */
export interface ConsumeFailure {
  readonly group: string;
  /** How many tries of this delivery have failed by now, from 1. */
  readonly attempt: number;
  readonly error: unknown;
}

export interface LogConsumerParts {
  readonly reader: EventReader;
  readonly group: string;
  readonly from: Position;
  readonly batchSize: number | undefined;
  readonly prefixes: readonly string[] | undefined;
  readonly handler: (delivery: Delivery) => Promise<void>;
  readonly keep: (through: Position) => void;
  readonly backoff: Backoff;
  readonly failed: (failure: ConsumeFailure) => void;
}

/** One group's way along the log. */
export class LogConsumer implements Consumer {
  readonly ended: Promise<void>;
  readonly #parts: LogConsumerParts;
  #position: Position;
  #subscription: Subscription | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(parts: LogConsumerParts, forget: () => void) {
    this.#parts = parts;
    this.#position = parts.from;
    const run = async (): Promise<void> => {
      try {
        await this.#run();
      } finally {
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
          await this.#deliver(events, through);
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
        await this.#parts.handler({ events, through });
        this.#parts.keep(through);
        this.#position = through;
        return;
      } catch (error) {
        await this.#pause(attempt, error);
      }
    }
  }

  async #pause(attempt: number, error: unknown): Promise<void> {
    const { group, failed, backoff } = this.#parts;
    failed({ group, attempt, error });
    if (this.#stopped) return;
    const ms = Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
