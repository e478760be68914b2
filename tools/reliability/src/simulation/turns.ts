import type { EventStore } from '@anamnesis/event-store';
import type { Draw } from '@anamnesis/testing';

/**
 * Lets clients that work at the same time meet in an order that a seed decides: each call on the store waits until all
 * of them wait (or are done), then one, drawn, goes on. Threads and timers have no say in it.
 */
export class Turns {
  readonly #draw: Draw;
  #clients: number;
  readonly #waiting: (() => void)[] = [];

  constructor(draw: Draw, clients: number) {
    this.#draw = draw;
    this.#clients = clients;
  }

  /** One client less to wait for. */
  leave(): void {
    this.#clients -= 1;
    this.#next();
  }

  /** The store as one client sees it. */
  take(store: EventStore): EventStore {
    return {
      append: (write) => this.#turn().then(() => store.append(write)),
      appendAll: (writes) => this.#turn().then(() => store.appendAll(writes)),
      readStream: (stream, options) => this.#turn().then(() => store.readStream(stream, options)),
      readAll: (options) => store.readAll(options),
      head: () => store.head(),
      positionAt: (instant) => store.positionAt(instant),
      subscribe: (options, handler) => store.subscribe(options, handler),
      close: () => store.close(),
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#clients) return;
    this.#waiting.splice(this.#draw.whole(0, this.#waiting.length - 1), 1)[0]!();
  }
}
