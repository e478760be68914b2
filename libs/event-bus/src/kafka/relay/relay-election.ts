import { setTimeout as rest } from 'node:timers/promises';
import { AssignerProtocol, type Assigner, type Consumer, type PartitionAssigner } from 'kafkajs';
import { BACKOFF, pauseOf } from '../../backoff.ts';
import type { BusNames } from '../bus-names.ts';
import { kafkaFault, newClient, type KafkaConnection } from '../kafka-client.ts';

export interface ElectionTuning {
  /** A leader that was not heard of for so long is replaced, in milliseconds; default 10,000. */
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
}

export const ELECTION_TUNING: ElectionTuning = { sessionTimeoutMs: 10_000, heartbeatMs: 1_000 };

const LEADING = Buffer.from('leading');

/**
 * Which of several relays has its turn: the member of their group that is given the one partition of the progress
 * topic. Nothing is read by it. It only keeps two relays from taking the producer's place from each other in turns;
 * that no two ever publish is the broker's fencing, not this.
 */
export class RelayElection {
  readonly #connection: KafkaConnection;
  readonly #names: BusNames;
  readonly #tuning: ElectionTuning;
  #consumer: Consumer | undefined;
  #lead: AbortController | undefined;
  #waiting: PromiseWithResolvers<AbortSignal> | undefined;
  #crashes = 0;
  #left = true;
  readonly #stop = new AbortController();

  constructor(connection: KafkaConnection, names: BusNames, tuning: ElectionTuning) {
    this.#connection = connection;
    this.#names = names;
    this.#tuning = tuning;
  }

  /** Resolves when this one leads, with a signal that is aborted when it does no more. */
  async elected(signal: AbortSignal): Promise<AbortSignal> {
    signal.throwIfAborted();
    if (this.#left) {
      this.#left = false;
      void this.#join();
    }
    if (this.#lead !== undefined) return this.#lead.signal;
    const waiting = (this.#waiting ??= Promise.withResolvers());
    const given = Promise.withResolvers<never>();
    const giveUp = (): void => given.reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([waiting.promise, given.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Leaves the lead to another, if there is one; `elected` joins again. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#lose();
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.disconnect().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.leave();
  }

  async #join(): Promise<void> {
    const consumer = newClient(this.#connection, { initialRetryTime: 100, retries: 5 }).consumer({
      groupId: this.#names.group('relay'),
      sessionTimeout: this.#tuning.sessionTimeoutMs,
      heartbeatInterval: this.#tuning.heartbeatMs,
      rebalanceTimeout: this.#tuning.sessionTimeoutMs,
      maxWaitTimeInMs: Math.min(200, this.#tuning.heartbeatMs),
      allowAutoTopicCreation: false,
      partitionAssigners: [leaderStays(() => this.#lead !== undefined)],
      retry: { restartOnFailure: async () => false },
    });
    this.#consumer = consumer;
    const topic = this.#names.relayProgress;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      consumer.pause([{ topic }]);
      this.#crashes = 0;
      if (payload.memberAssignment[topic]?.includes(0) === true) this.#win();
      else this.#lose();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => void this.#crashed(consumer, payload.error));
    try {
      await consumer.connect();
      await consumer.subscribe({ topic });
      await consumer.run({ autoCommit: false, eachBatch: async () => undefined });
    } catch (error) {
      await this.#crashed(consumer, error);
    }
  }

  #win(): void {
    if (this.#left || this.#lead !== undefined) return;
    this.#lead = new AbortController();
    this.#waiting?.resolve(this.#lead.signal);
    this.#waiting = undefined;
  }

  #lose(): void {
    this.#lead?.abort();
    this.#lead = undefined;
  }

  async #crashed(consumer: Consumer, error: unknown): Promise<void> {
    if (consumer !== this.#consumer) return;
    this.#consumer = undefined;
    this.#lose();
    this.#crashes += 1;
    await consumer.disconnect().catch(() => undefined);
    const fault = kafkaFault(error);
    if (!fault.retryable) {
      this.#left = true;
      this.#waiting?.reject(fault);
      this.#waiting = undefined;
      return;
    }
    const { signal } = this.#stop;
    await rest(pauseOf(BACKOFF, this.#crashes), undefined, { signal }).catch(() => undefined);
    if (!this.#left && this.#consumer === undefined) await this.#join();
  }
}

/** Gives the partition to whoever leads already: a second relay that comes up does not take the first one's turn. */
function leaderStays(leading: () => boolean): PartitionAssigner {
  return (): Assigner => ({
    name: 'leader-stays',
    version: 1,
    protocol: ({ topics }) => ({
      name: 'leader-stays',
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics,
        userData: leading() ? LEADING : Buffer.alloc(0),
      }),
    }),
    assign: async ({ members, topics }) => {
      const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
      const leader = sorted.find(({ memberMetadata }) =>
        AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData.equals(LEADING),
      );
      const { memberId } = leader ?? sorted[0]!;
      const assignment = Object.fromEntries(topics.map((topic) => [topic, [0]]));
      return sorted.map((member) => ({
        memberId: member.memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 1,
          assignment: member.memberId === memberId ? assignment : {},
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}
