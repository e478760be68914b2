import { Fault, type Position } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';
import { BACKOFF, type Backoff, type ConsumeFailure } from '../backoff.ts';
import type { ConsumeOptions, Consumer, DeadLetter, Delivery, EventBus, ListDeadLetters } from '../port.ts';
import { BusAdmin } from './bus-admin.ts';
import { BUS_CONTEXTS, BusNames, contextsOfPrefixes, laneName } from './bus-names.ts';
import { CONSUMER_TUNING, type ConsumerTuning } from './consumer-tuning.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import { KafkaBatchServer } from './kafka-batch-server.ts';
import type { KafkaConnection } from './kafka-client.ts';

export interface KafkaEventBusOptions {
  readonly connection: KafkaConnection;
  /** What its topics and groups begin with; default `anamnesis`. */
  readonly prefix?: string;
  /** Default: from 100 ms to 10 s. */
  readonly backoff?: Backoff;
  readonly tuning?: Partial<ConsumerTuning>;
  /** Told of every try that failed and will be repeated; lane `*`: of the whole consumer. */
  readonly onFailure?: (failure: ConsumeFailure) => void;
  /** Told of every event that was set aside, with the error that its handler rejected it with. */
  readonly onDeadLetter?: (letter: DeadLetter, error: unknown) => void;
}

const BATCH_LIMIT = 10_000;

/**
 * The bus of the cluster profile. Instances that consume under one group share its lanes. Deliveries of different
 * lanes overlap; a handler sees each lane's own in order.
 */
export class KafkaEventBus implements EventBus {
  readonly #options: KafkaEventBusOptions;
  readonly #names: BusNames;
  readonly #admin: BusAdmin;
  readonly #letters: DeadLetterBox;
  readonly #servers = new Set<KafkaBatchServer>();
  #closing: Promise<void> | undefined;

  private constructor(options: KafkaEventBusOptions) {
    this.#options = options;
    this.#names = new BusNames(options.prefix);
    this.#admin = new BusAdmin(options.connection, this.#names);
    this.#letters = new DeadLetterBox(options.connection, this.#names, this.#admin);
  }

  /** Connects when it is first used. */
  static open(options: KafkaEventBusOptions): KafkaEventBus {
    return new KafkaEventBus(options);
  }

  /** Resolves when it has joined its group, or was refused for now and goes on trying. */
  async consume(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer> {
    const server = this.server(options, handler);
    const contexts = contextsOf(options);
    // Topics that nobody created, or brokers that do not answer, are better told now than retried in silence.
    await this.#admin.partitionsOf(contexts.map((context) => this.#names.topic(context)));
    this.#mustBeOpen();
    this.#servers.add(server);
    await new Promise<void>((resolve, reject) => {
      server.listen((error) => (error === undefined ? resolve() : reject(error)));
    });
    const forget = (): void => void this.#servers.delete(server);
    server.ended.then(forget, forget);
    return { ended: server.ended, stop: () => server.close() };
  }

  /** The same as a transport for a Nest application, which then starts and stops it: `connectMicroservice`. */
  server(options: ConsumeOptions, handler: (delivery: Delivery) => Promise<void>): KafkaBatchServer {
    this.#mustBeOpen();
    const { batchSize = 500 } = options;
    if (!(Number.isSafeInteger(batchSize) && batchSize >= 1 && batchSize <= BATCH_LIMIT)) {
      throw new RangeError(`A delivery has from 1 to ${BATCH_LIMIT} events.`);
    }
    return new KafkaBatchServer({
      connection: this.#options.connection,
      names: this.#names,
      admin: this.#admin,
      consume: options,
      contexts: contextsOf(options),
      handler,
      setAside: (event, lane, error) => this.#setAside(options.group, lane, event, error),
      failed: (failure) => this.#options.onFailure?.(failure),
      backoff: this.#options.backoff ?? BACKOFF,
      tuning: { ...CONSUMER_TUNING, ...this.#options.tuning },
    });
  }

  /** The names of all lanes that events come by. Throws `Fault` `bus-unavailable`. */
  async lanes(): Promise<readonly string[]> {
    this.#mustBeOpen();
    const partitions = await this.#admin.partitionsOf(BUS_CONTEXTS.map((context) => this.#names.topic(context)));
    return [...partitions].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => laneName({ topic, partition })),
    );
  }

  async progress(group: string): Promise<Position> {
    this.#mustBeOpen();
    return this.#admin.progress(group, BUS_CONTEXTS);
  }

  async listDeadLetters(options?: ListDeadLetters): Promise<DeadLetter[]> {
    this.#mustBeOpen();
    return this.#letters.list(options);
  }

  async replayDeadLetters(which: readonly string[] | 'all'): Promise<number> {
    this.#mustBeOpen();
    return this.#letters.replay(which);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.close()));
    await Promise.all([this.#letters.close(), this.#admin.close()]);
  }

  async #setAside(group: string, lane: string, event: StoredEvent, error: unknown): Promise<void> {
    const letter = await this.#letters.put(group, lane, event, error);
    this.#options.onDeadLetter?.(letter, error);
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new Fault('stopping', 'The event bus is closed.');
  }
}

function contextsOf({ prefixes }: ConsumeOptions): readonly string[] {
  return prefixes === undefined ? BUS_CONTEXTS : contextsOfPrefixes(prefixes);
}
