import { setTimeout as rest } from 'node:timers/promises';
import type { RelayBus, RelayTurn } from '@anamnesis/event-bus';
import { lagAfter, type EventReader, type LogLag } from '@anamnesis/event-store';
import { Fault, type FaultCode, type Instant, type Position } from '@anamnesis/kernel';
import { RelayBuffer } from './application/relay-buffer.ts';

export interface RelayOptions {
  /** The log; it stays the caller's to close, after the relay. */
  readonly reader: EventReader;
  /** Where events go; it stays the caller's to close, after the relay. */
  readonly bus: RelayBus;
  /** Events read at a time; default 500. */
  readonly batchSize?: number;
  /** So many events, or bytes, are read ahead while a transaction is under way; default 4,000 and 16 MiB. */
  readonly readAhead?: { readonly events: number; readonly bytes: number };
  /** Lanes without news hear so long after the last event how far they are complete, in milliseconds; default 40. */
  readonly settleAfterMs?: number;
  /** The pause after a failure doubles from the first to the longest; default from 100 ms to 10 s. */
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
  /** Told of every failure; the relay goes on by itself. */
  readonly onFailure?: (error: unknown) => void;
  /** Told of every transaction, for metrics. */
  readonly onPublished?: (published: Published) => void;
}

export interface Published {
  readonly events: number;
  readonly position: Position;
  readonly ms: number;
}

/** `relaying`: it is this one's turn; `standing-by`: another's, or nobody's yet; `failing`: it will try again. */
export type RelayState = 'standing-by' | 'relaying' | 'failing' | 'stopped';

export interface RelayStatus {
  readonly state: RelayState;
  /** Everything up to here is on the bus, as far as this relay knows. */
  readonly position: Position;
  /** The position of the log's last event. */
  readonly head: Position;
  /** Undefined where another relay has the turn: that one knows. */
  readonly lag?: LogLag;
  /** How often another relay has taken this one's turn. */
  readonly fenced: number;
  /** What it failed with last, while it is failing. */
  readonly failure?: { readonly code: FaultCode | 'bug'; readonly message: string; readonly since: Instant };
}

const READ_AHEAD = { events: 4_000, bytes: 16 * 1024 * 1024 };
const BACKOFF = { firstMs: 100, longestMs: 10_000 };

/**
 * Brings the log to the bus: everything but records of access, each event at least once, a patient's events in their
 * order. It never skips: what the bus does not take is tried again until it does, and nothing overtakes it.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #stop = new AbortController();
  #state: RelayState = 'standing-by';
  #position: Position = 0;
  #fenced = 0;
  #failures = 0;
  #failure: RelayStatus['failure'];
  readonly #ended: Promise<void>;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Begins at once; its turn may come later, see `status`. */
  static start(options: RelayOptions): Relay {
    return new Relay(options);
  }

  /** Rejects with the reader's `Fault` where the log cannot be asked. */
  async status(): Promise<RelayStatus> {
    const { reader } = this.#options;
    const standingBy = this.#state === 'standing-by' && this.#failure === undefined;
    const [head, lag] = await Promise.all([
      reader.head(),
      standingBy ? undefined : lagAfter(reader, this.#position, Date.now()),
    ]);
    return {
      state: this.#failure !== undefined && this.#state !== 'stopped' ? 'failing' : this.#state,
      position: this.#position,
      head,
      fenced: this.#fenced,
      ...(lag === undefined ? {} : { lag }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
  }

  /** The transaction under way is finished, and no other begins. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const turn = await this.#options.bus.takeTurn(signal);
        try {
          await this.#relay(turn);
        } catch (error) {
          // Whatever else it failed with: the turn is another's now, and that one goes on.
          if (!turn.over.aborted) throw error;
        } finally {
          await turn.end();
        }
        if (!signal.aborted) this.#lostTurn();
      } catch (error) {
        if (!signal.aborted) await this.#failed(error);
      }
    }
    this.#state = 'stopped';
  }

  /** Until the turn is over, or the relay is stopped. */
  async #relay(turn: RelayTurn): Promise<void> {
    const { reader, batchSize = 500, readAhead = READ_AHEAD } = this.#options;
    this.#state = 'relaying';
    this.#position = turn.progress;
    const buffer = new RelayBuffer(readAhead);
    const halt = AbortSignal.any([this.#stop.signal, turn.over]);
    const close = (): void => buffer.close();
    halt.addEventListener('abort', close, { once: true });
    if (halt.aborted) buffer.close();
    const reading = reader.subscribe({ from: turn.progress, batchSize, checkpoints: true }, (batch, through) =>
      buffer.put({ events: batch.filter(({ stream }) => !stream.startsWith('access-')), through }),
    );
    try {
      await Promise.race([this.#publish(turn, buffer, halt), failureOf(reading.ended)]);
    } finally {
      buffer.close();
      halt.removeEventListener('abort', close);
      await reading.stop();
    }
  }

  async #publish(turn: RelayTurn, buffer: RelayBuffer, halt: AbortSignal): Promise<void> {
    const { settleAfterMs = 40, onPublished } = this.#options;
    while (!halt.aborted) {
      const piece = await buffer.take(turn.owing ? settleAfterMs : undefined);
      if (halt.aborted) return;
      if (piece === undefined) {
        await turn.settle();
        continue;
      }
      const began = performance.now();
      await turn.publish(piece.events, piece.through);
      this.#position = piece.through;
      this.#failures = 0;
      this.#failure = undefined;
      onPublished?.({ events: piece.events.length, position: piece.through, ms: performance.now() - began });
    }
  }

  #lostTurn(): void {
    this.#state = 'standing-by';
    this.#failure = undefined;
    this.#fenced += 1;
  }

  async #failed(error: unknown): Promise<void> {
    const fault = error instanceof Fault ? error : undefined;
    this.#state = 'standing-by';
    this.#failures += 1;
    this.#failure = {
      code: fault?.code ?? 'bug',
      // A fault's words are constants; what else an error says may not be shown.
      message: fault?.message ?? 'The relay failed in a way that is not foreseen.',
      since: this.#failure?.since ?? Date.now(),
    };
    this.#options.onFailure?.(error);
    const { firstMs, longestMs } = this.#options.backoff ?? BACKOFF;
    const ms = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures - 1, 30));
    await rest(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

/** Rejects as the subscription does; its end alone is no news, since only the relay ends it. */
function failureOf(ended: Promise<void>): Promise<never> {
  return new Promise((_, reject) => void ended.catch(reject));
}
