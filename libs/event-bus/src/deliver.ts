import type { StoredEvent } from '@anamnesis/event-store';
import { Fault, type Position } from '@anamnesis/kernel';
import type { Delivery } from './port.ts';

/** What is done with a delivery and its parts. */
export interface Taking {
  readonly handler: (delivery: Delivery) => Promise<void>;
  /** The handler cannot take this event: it is set aside. Rejects with a `Fault` where that cannot be done. */
  readonly setAside: (event: StoredEvent, error: unknown) => Promise<void>;
  /** Everything of the lane through here is done, set aside events included. */
  readonly taken: (through: Position) => void;
}

/** So many events set aside in a row, and none taken: then it is the handler that is broken, not the events. */
const IN_A_ROW = 10;

/** Hands over the deliveries of one lane, and finds the event that poisons one. */
export class LaneDelivery {
  readonly #taking: Taking;
  #setAsideInARow = 0;

  constructor(taking: Taking) {
    this.#taking = taking;
  }

  /** Rejects when the delivery, or what is left of it, has to come again; `taken` has told how far it was done. */
  async deliver(delivery: Delivery): Promise<void> {
    const { events, lane, through } = delivery;
    try {
      await this.#taking.handler(delivery);
    } catch (error) {
      // A delivery that only moves `through` has no event that could be set aside.
      if (error instanceof Fault || events.length === 0) throw error;
      if (events.length === 1) return this.#setAside(events[0]!, error, delivery);
      const middle = events.length >> 1;
      await this.deliver({ events: events.slice(0, middle), lane, through: events[middle - 1]!.position });
      return this.deliver({ events: events.slice(middle), lane, through });
    }
    if (events.length > 0) this.#setAsideInARow = 0;
    this.#taking.taken(through);
  }

  async #setAside(event: StoredEvent, error: unknown, { lane, through }: Delivery): Promise<void> {
    if (this.#setAsideInARow >= IN_A_ROW) throw error;
    await this.#taking.setAside(event, error);
    this.#setAsideInARow += 1;
    // The handler learns that the lane has passed the event, or its progress would wait for it.
    await this.deliver({ events: [], lane, through });
  }
}

/** What may be told of an error: its name and the line that threw it. Its message may quote a patient's data. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { name, message, stack = '' } = error;
  const head = stack.startsWith(`${name}: ${message}`) ? stack.slice(`${name}: ${message}`.length) : '';
  const line = /^\s+at (.+)$/m.exec(head)?.[1];
  return line === undefined ? name : `${name} at ${line}`;
}
