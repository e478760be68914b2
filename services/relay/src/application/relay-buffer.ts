import type { StoredEvent } from '@anamnesis/event-store';
import type { Position } from '@anamnesis/kernel';

/** A piece of the log on its way: what is for the bus, and how far the log was read. */
export interface LogPiece {
  readonly events: readonly StoredEvent[];
  readonly through: Position;
}

export interface BufferLimits {
  /** A piece waits at the door while there are so many events in the buffer, or so many bytes. */
  readonly events: number;
  readonly bytes: number;
}

/**
 * Between reading and publishing: while one transaction is under way the next one's events are read. A piece that is
 * taken at all is taken whole, so the buffer may hold one piece more than its limits say.
 */
export class RelayBuffer {
  readonly #limits: BufferLimits;
  #events: StoredEvent[] = [];
  #bytes = 0;
  #through: Position | undefined;
  #room: (() => void) | undefined;
  #filled: (() => void) | undefined;
  #closed = false;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#events.length;
  }

  /** Resolves when there is room for more, or nobody takes any more. Never two calls at once. */
  async put({ events, through }: LogPiece): Promise<void> {
    if (this.#closed) return;
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += event.data.byteLength + event.meta.length;
    }
    this.#through = through;
    this.#filled?.();
    if (this.#isFull()) await new Promise<void>((resolve) => (this.#room = resolve));
    this.#room = undefined;
  }

  /** Everything there is; waits for it, at most so long (milliseconds) if that is given. Undefined: nothing came. */
  async take(atMostMs?: number): Promise<LogPiece | undefined> {
    if (this.#through === undefined && !this.#closed) await this.#waitForMore(atMostMs);
    const through = this.#through;
    if (through === undefined) return undefined;
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    this.#through = undefined;
    this.#room?.();
    return { events, through };
  }

  /** Whoever waits is let go; what is put now is dropped. */
  close(): void {
    this.#closed = true;
    this.#room?.();
    this.#filled?.();
  }

  #isFull(): boolean {
    return !this.#closed && (this.#events.length >= this.#limits.events || this.#bytes >= this.#limits.bytes);
  }

  async #waitForMore(atMostMs: number | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = atMostMs === undefined ? undefined : setTimeout(resolve, atMostMs);
      this.#filled = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#filled = undefined;
  }
}
