import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Position } from '@anamnesis/kernel';
import type { SubscribeOptions, Subscription, SubscriptionHandler } from '../port.ts';
import type { Scan } from './embedded-reader.ts';
import type { HeadWatch } from './head-signal.ts';

/** What a subscription asks of its reader. */
export interface Scanner {
  scanSync(from: Position, limit: number, prefixes?: readonly string[]): Scan;
}

/** Catches up from a position and stays with the head; reads the next batch when the handler is done with the last. */
export class LiveSubscription implements Subscription {
  readonly ended: Promise<void>;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(
    scanner: Scanner,
    head: HeadWatch,
    options: SubscribeOptions & { readonly batchSize: number },
    handler: SubscriptionHandler,
    forget: (subscription: LiveSubscription) => void,
  ) {
    // In `#run`'s own chain: one more handler on `ended` would silence a failure that nobody looks at.
    const run = async (): Promise<void> => {
      try {
        await this.#run(scanner, head, options, handler);
      } finally {
        forget(this);
      }
    };
    this.ended = run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.ended.catch(() => undefined);
  }

  async #run(
    scanner: Scanner,
    head: HeadWatch,
    { from, batchSize, prefixes, checkpoints }: SubscribeOptions & { readonly batchSize: number },
    handler: SubscriptionHandler,
  ): Promise<void> {
    for (;;) {
      // A turn is synchronous work and handlers may never leave the microtask queue: others get theirs in between.
      await yieldToOthers();
      if (this.#stopped) return;
      const { events, through } = scanner.scanSync(from, batchSize, prefixes);
      if (through === from) {
        await this.#sleep(head, from);
        continue;
      }
      if (events.length > 0 || checkpoints === true) await handler(events, through);
      from = through;
    }
  }

  async #sleep(head: HeadWatch, from: Position): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = head.watch(from, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
