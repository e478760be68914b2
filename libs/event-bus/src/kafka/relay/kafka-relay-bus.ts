import { setTimeout as rest } from 'node:timers/promises';
import { Fault } from '@anamnesis/kernel';
import { pauseOf, type Backoff } from '../../backoff.ts';
import type { RelayBus, RelayTurn } from '../../relay-bus.ts';
import { BusAdmin } from '../bus-admin.ts';
import { BusNames } from '../bus-names.ts';
import type { KafkaConnection } from '../kafka-client.ts';
import { ELECTION_TUNING, RelayElection, type ElectionTuning } from './relay-election.ts';
import { RELAY_PRODUCER_TUNING, RelayProducer, type RelayProducerTuning } from './relay-producer.ts';

export interface KafkaRelayBusOptions {
  readonly connection: KafkaConnection;
  readonly prefix?: string;
  readonly producer?: Partial<RelayProducerTuning>;
  readonly election?: Partial<ElectionTuning>;
  /**
   * What a relay does whose place another has taken: it waits for its next turn, or, with `false`, is refused one for
   * good. Default true.
   */
  readonly standBy?: boolean;
  /** How long it keeps away after that, each time in a row; default from 1 to 60 seconds. */
  readonly afterFencing?: Backoff;
}

const AFTER_FENCING: Backoff = { firstMs: 1_000, longestMs: 60_000 };

/** A turn that lasted so long, in milliseconds, was no fight: the next fencing counts from one again. */
const CALM_MS = 60_000;

/** The relay's side of the Kafka bus. */
export class KafkaRelayBus implements RelayBus {
  readonly #options: KafkaRelayBusOptions;
  readonly #names: BusNames;
  readonly #admin: BusAdmin;
  readonly #election: RelayElection;
  #fencings = 0;
  #producer: RelayProducer | undefined;

  private constructor(options: KafkaRelayBusOptions) {
    this.#options = options;
    this.#names = new BusNames(options.prefix);
    this.#admin = new BusAdmin(options.connection, this.#names);
    const tuning = { ...ELECTION_TUNING, ...options.election };
    this.#election = new RelayElection(options.connection, this.#names, tuning);
  }

  /** Connects when it is first used. */
  static open(options: KafkaRelayBusOptions): KafkaRelayBus {
    return new KafkaRelayBus(options);
  }

  async takeTurn(signal: AbortSignal): Promise<RelayTurn> {
    if (this.#fencings > 0) {
      if (this.#options.standBy === false) throw new Fault('bus-unavailable', 'Another relay has taken over.');
      const ms = pauseOf(this.#options.afterFencing ?? AFTER_FENCING, this.#fencings);
      await rest(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    const over = await this.#election.elected(signal);
    const producer = await RelayProducer.open({
      connection: this.#options.connection,
      names: this.#names,
      admin: this.#admin,
      tuning: { ...RELAY_PRODUCER_TUNING, ...this.#options.producer },
    });
    // A turn that was left without `end` ends with the next one; a broker that does not answer must not hold it up.
    void this.#producer?.close();
    this.#producer = producer;
    return this.#turn(producer, over);
  }

  /** Ends the turn, if it is this one's. */
  async close(): Promise<void> {
    await this.#producer?.close();
    await this.#election.close();
    await this.#admin.close();
  }

  #turn(producer: RelayProducer, over: AbortSignal): RelayTurn {
    const began = performance.now();
    const guarded = async (work: () => Promise<void>): Promise<void> => {
      if (over.aborted) throw new Fault('bus-unavailable', 'Another relay has its turn.', { retryable: true });
      try {
        await work();
      } catch (error) {
        if (producer.fenced) await this.#fenced(performance.now() - began);
        throw error;
      }
    };
    return {
      progress: producer.progress,
      over,
      get owing() {
        return producer.owing;
      },
      publish: (events, through) => guarded(() => producer.publish(events, through)),
      settle: () => guarded(() => producer.settle()),
      end: () => producer.close(),
    };
  }

  /** Out of the way first: whoever took the place shall keep it, and not be fenced in turn. */
  async #fenced(afterMs: number): Promise<void> {
    this.#fencings = afterMs > CALM_MS ? 1 : this.#fencings + 1;
    await this.#election.leave();
  }
}
